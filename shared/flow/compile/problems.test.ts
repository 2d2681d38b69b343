import { describe, expect, test } from 'vitest'
import { drawing, env, fixed, problem, short, told } from '../../../test/compile/drawing.ts'
import type { ProblemCode } from '../diagnostics.ts'
import type { Flow, FlowNode } from '../types.ts'
import { compile } from './compile.ts'
import type { CompileEnv } from './env.ts'

/** ask → compose → model → answer, with other nodes and edges put in. */
function chain(nodes: Readonly<Record<string, string | FlowNode>> = {}, edges = ''): Flow {
  return drawing(
    { ask: 'input', compose: 'prompt', model: 'chat-model', answer: 'output', ...nodes },
    `ask.question -> compose.question
     compose.messages -> model.messages
     ${edges.includes('answer.value') ? '' : 'model.text -> answer.value'}
     ${edges}`,
  )
}
const model = (config: object, rest: Partial<FlowNode> = {}): FlowNode => ({
  type: 'chat-model',
  config: { targets: ['demo/echo'], ...config },
  ...rest,
})
const input = (fields: object): FlowNode => ({
  type: 'input',
  config: { fields } as FlowNode['config'] & object,
})

test('a flow without a fault has no problems', () => {
  expect(told(chain())).toEqual([])
})

interface Case {
  readonly what: string
  readonly flow: Flow
  readonly env?: CompileEnv
  /** Every problem that is expected, as `code place`. */
  readonly problems: readonly string[]
  readonly says?: string
  /** Document path, joined with dots. */
  readonly path?: string
  /** Problems after the fix of the first one; `none`: it has no fix. */
  readonly fixed: readonly string[] | 'none'
}

const cases: readonly Case[] = [
  {
    what: 'unknown_type: a type that is misspelt',
    flow: chain({ model: { type: 'chat-modle', config: { targets: ['demo/echo'] } } }),
    problems: ['unknown_type model.type'],
    says: 'unknown node type "chat-modle"; did you mean "chat-model"?',
    path: 'nodes.model.type',
    fixed: [],
  },
  {
    what: 'unknown_type: a type that nobody has, named like what objects inherit',
    flow: chain({ model: { type: 'constructor' } }),
    problems: ['unknown_type model.type'],
    fixed: 'none',
  },
  {
    what: 'unknown_port: a misspelt outlet',
    flow: chain({}, 'model.txet -> answer.value'),
    problems: ['unknown_port model.txet -> answer.value'],
    says: '"model" (chat-model) has no outlet "txet"; did you mean "text"?',
    path: 'edges.2',
    fixed: [],
  },
  {
    what: 'unknown_port: an inlet far from any name',
    flow: chain({}, 'model.text -> answer.somewhere\nmodel.text -> answer.value'),
    problems: ['unknown_port model.text -> answer.somewhere'],
    says: '"answer" (output) has no inlet "somewhere"; it has value, when',
    fixed: [],
  },
  {
    what: 'unknown_port: a node that is not there',
    flow: chain({}, 'modle.text -> answer.value'),
    problems: [
      'unknown_port modle.text -> answer.value',
      'inlet_unfed answer.value',
      'node_unused ask',
      'node_unused compose',
      'node_unused model',
    ],
    says: 'the edge "modle.text -> answer.value" names the node "modle", which is not there; did you mean "model"?',
    fixed: [],
  },
  {
    what: 'unknown_port: error of a node that has none',
    flow: chain({ stop: 'error-output' }, 'ask.error -> stop.error'),
    problems: ['unknown_port ask.error -> stop.error'],
    fixed: ['inlet_unfed stop.error'],
  },
  {
    what: 'config_invalid: an unknown field',
    flow: chain({ model: model({ temprature: 0.5 }) }),
    problems: ['config_invalid model.temprature'],
    says: 'unknown field "temprature" in chat-model config; did you mean "temperature"?',
    path: 'nodes.model.config.temprature',
    fixed: [],
  },
  {
    what: 'config_invalid: an unknown field beside the right one',
    flow: chain({ model: model({ temprature: 0.5, temperature: 1 }) }),
    problems: ['config_invalid model.temprature'],
    fixed: [],
  },
  {
    what: 'config_invalid: a value out of range',
    flow: chain({ model: model({ temperature: 3 }) }),
    problems: ['config_invalid model.temperature'],
    path: 'nodes.model.config.temperature',
    fixed: 'none',
  },
  {
    what: 'config_invalid: a word that is nearly allowed',
    flow: chain({ model: model({ response_format: 'jsn' }) }),
    problems: ['config_invalid model.response_format'],
    fixed: [],
  },
  {
    what: 'config_invalid: a required field that is missing',
    flow: chain({ model: { type: 'chat-model' } }),
    problems: ['config_invalid model.targets'],
    path: 'nodes.model.config.targets',
    fixed: 'none',
  },
  {
    what: 'config_invalid: what only the node itself can check',
    flow: chain({
      compose: { type: 'prompt', config: { blocks: [{ role: 'user', text: '{{ question }}{% x %}' }] } },
    }),
    problems: ['config_invalid compose.blocks.0.text'],
    path: 'nodes.compose.config.blocks.0.text',
    fixed: 'none',
  },
  {
    what: 'config_invalid: a definition that fails on its config',
    flow: chain({ odd: { type: 'broken' } }),
    problems: ['config_invalid odd'],
    fixed: 'none',
  },
  {
    what: 'config_invalid: a variable named like a port that every node has',
    flow: chain({
      compose: { type: 'prompt', config: { blocks: [{ role: 'user', text: '{{ question }} {{ when }}' }] } },
    }),
    problems: ['config_invalid compose.when'],
    fixed: 'none',
  },
  {
    what: 'newer_format: a config of a later version',
    flow: chain({ model: model({}, { v: 2 }) }),
    problems: ['newer_format model.v'],
    path: 'nodes.model.v',
    fixed: 'none',
  },
  {
    what: 'type_mismatch: text where json is needed',
    flow: chain({ answer: { type: 'output', config: { type: 'json' } } }),
    problems: ['type_mismatch model.text -> answer.value'],
    says: '"model.text" gives text, "answer.value" takes json; a transform node between them fits',
    fixed: [],
  },
  {
    what: 'type_mismatch: json where messages are needed',
    flow: drawing(
      { ask: input({ data: { type: 'json' } }), model: 'chat-model', answer: 'output' },
      'ask.data -> model.messages\nmodel.text -> answer.value',
    ),
    problems: ['type_mismatch ask.data -> model.messages'],
    says: '"ask.data" gives json, "model.messages" takes messages; a template node between them fits',
    fixed: [],
  },
  {
    what: 'type_mismatch: through nodes that pass a value on',
    flow: chain(
      { pick: 'if', answer: { type: 'output', config: { type: 'json' } } },
      'model.text -> pick.value\npick.true -> answer.value',
    ),
    problems: ['type_mismatch pick.true -> answer.value'],
    fixed: ['output_missable answer'],
  },
  {
    what: 'type_mismatch: a list and a number on one fallback',
    flow: chain(
      { other: { type: 'http', config: { url: 'https://a.test/' } }, pick: 'fallback' },
      'model.tool_calls -> pick.try_1\nother.status -> pick.try_2\npick.value -> answer.value',
    ),
    problems: ['type_mismatch other.status -> pick.try_2'],
    fixed: [],
  },
  {
    what: 'type_mismatch: a secret that goes anywhere else',
    flow: drawing(
      { ask: 'input', clean: 'mask', answer: 'output' },
      'ask.question -> clean.value\nclean.map -> answer.value',
    ),
    problems: ['type_mismatch clean.map -> answer.value'],
    says: '"clean.map" is secret and may only go to an inlet made for it',
    fixed: ['inlet_unfed answer.value', 'node_unused ask', 'node_unused clean'],
  },
  {
    what: 'type_mismatch: anything else on a secret inlet',
    flow: chain(
      { back: 'unmask' },
      'model.text -> back.value\nmodel.usage -> back.map\nback.value -> answer.value',
    ),
    problems: ['type_mismatch model.usage -> back.map'],
    fixed: ['inlet_unfed back.map'],
  },
  {
    what: 'inlet_unfed: the one fitting outlet is offered',
    flow: drawing(
      { ask: 'input', model: 'chat-model', compose: 'prompt', answer: 'output' },
      'ask.question -> compose.question\nmodel.text -> answer.value',
    ),
    problems: ['inlet_unfed model.messages', 'node_unused ask', 'node_unused compose'],
    says: 'the inlet "messages" of "model" (chat-model) needs an edge',
    path: 'nodes.model',
    fixed: [],
  },
  {
    what: 'inlet_unfed: no outlet is plainly meant',
    flow: drawing({ a: 'input', b: 'template', answer: 'output' }),
    problems: ['inlet_unfed answer.value', 'node_unused a', 'node_unused b'],
    fixed: 'none',
  },
  {
    what: 'inlet_double: two edges on an inlet that takes one',
    flow: chain({ sorry: 'template' }, 'sorry.text -> compose.question'),
    problems: ['inlet_double sorry.text -> compose.question'],
    says: 'the inlet "question" of "compose" takes one edge, 2 end there',
    path: 'edges.3',
    fixed: [],
  },
  {
    what: 'cycle: named with its nodes',
    flow: chain(
      { b: 'if', c: 'if' },
      'model.text -> b.value\nb.true -> c.value\nc.true -> b.when\nc.false -> answer.value',
    ),
    problems: ['cycle c.true -> b.when'],
    says: 'these nodes wait for each other: b → c → b',
    path: 'edges.4',
    fixed: ['output_missable answer', 'stream_buffered b.value'],
  },
  {
    what: 'cycle: a node that feeds itself',
    flow: chain({}, 'model.text -> model.when'),
    problems: ['cycle model.text -> model.when'],
    says: 'these nodes wait for each other: model → model',
    fixed: [],
  },
  {
    what: 'config_invalid: a scope, which no node of this version is',
    flow: chain({ answer: { type: 'output', scope: 'each' } }),
    problems: ['config_invalid answer.scope'],
    path: 'nodes.answer.scope',
    fixed: [],
  },
  {
    what: 'edge_leaves_scope and a scope that is none',
    flow: chain({ model: model({}, { scope: 'compose' }) }),
    problems: ['edge_leaves_scope model.text -> answer.value', 'config_invalid model.scope'],
    fixed: [
      'inlet_unfed answer.value',
      'config_invalid model.scope',
      'node_unused ask',
      'node_unused compose',
      'node_unused model',
    ],
  },
  {
    what: 'merge_not_exclusive: two models on one output',
    flow: chain(
      { other: 'chat-model' },
      'compose.messages -> other.messages\nmodel.text -> answer.value\nother.text -> answer.value',
    ),
    problems: ['merge_not_exclusive other.text -> answer.value'],
    says: '"answer.value" takes one value, and "model.text -> answer.value" and "other.text -> answer.value" may both have one',
    path: 'edges.4',
    fixed: ['stream_buffered coalesce.in_2'],
  },
  {
    what: 'branch_leaks: a try that is read elsewhere too',
    flow: chain(
      {
        sorry: 'template',
        pick: 'fallback',
        log: { type: 'output', config: { field: 'log', type: 'json' } },
        answer: { type: 'output', config: { main: true } },
      },
      'model.text -> pick.try_1\nsorry.text -> pick.try_2\npick.value -> answer.value\nmodel.usage -> log.value',
    ),
    problems: ['branch_leaks model.usage -> log.value'],
    says: '"model" feeds "pick.try_1" and, by "model.usage -> log.value", something outside of that branch; it would run before its turn',
    path: 'edges.5',
    fixed: ['inlet_unfed log.value'],
  },
  {
    what: 'error_policy_conflict: an edge and a default for one error',
    flow: chain(
      {
        model: model({}, { policy: { on_error: 'default', default: { text: 'sorry' } } }),
        stop: 'error-output',
      },
      'model.error -> stop.error',
    ),
    problems: ['error_policy_conflict model.error'],
    path: 'nodes.model.policy.on_error',
    fixed: [],
  },
  {
    what: 'no_output: nothing answers',
    flow: drawing({ ask: 'input' }),
    problems: ['no_output', 'node_unused ask'],
    fixed: 'none',
  },
  {
    what: 'reference_unresolved: a prompt that is not there',
    flow: chain({ compose: { type: 'prompt', config: { prompt: 'answer@3' } } }),
    problems: ['reference_unresolved compose.prompt'],
    says: 'node "compose" names the prompt "answer@3", and there is no such prompt version',
    path: 'nodes.compose.config.prompt',
    fixed: 'none',
  },
  {
    what: 'reference_unresolved: a connection that is not there',
    flow: chain({ model: model({ targets: ['demo/echo', 'opnai/gpt-5'] }) }),
    problems: ['reference_unresolved model.targets.1'],
    says: 'node "model" names the connection "opnai", which the project does not have; did you mean "openai"?',
    path: 'nodes.model.config.targets.1',
    fixed: [],
  },
  {
    what: 'capability_missing: JSON from a model that cannot',
    flow: chain({ model: model({ targets: ['demo/echo', 'demo/old'], response_format: 'json' }) }),
    env: env({ model: (target) => (target === 'demo/old' ? { ...unknown, json: false } : unknown) }),
    problems: ['capability_missing model.targets.1'],
    says: '"model" needs answers in JSON, which "demo/old" cannot do',
    fixed: [],
  },
  {
    what: 'capability_missing: tools for a model that has none',
    flow: drawing(
      { chat: { type: 'chat-input', config: { accept_tools: true } }, model: 'chat-model', answer: 'output' },
      'chat.messages -> model.messages\nchat.tools -> model.tools\nmodel.text -> answer.value',
    ),
    env: env({ model: () => ({ ...unknown, tools: false }) }),
    problems: ['capability_missing model.targets.0'],
    fixed: 'none',
  },
  {
    what: 'model_not_allowed: outside of the list of the project',
    flow: chain({ model: model({ targets: ['openai/gpt-5', 'demo/echo'] }) }),
    env: env({ policies: { models: ['demo/*', 'openai/*-mini'] } }),
    problems: ['model_not_allowed model.targets.0'],
    fixed: [],
  },
  {
    what: 'local_only_leak: a marked field on its way to a remote model',
    flow: chain({
      ask: input({ question: { type: 'text', local_only: true } }),
      model: model({ targets: ['openai/gpt-5', 'demo/echo'] }),
    }),
    problems: ['local_only_leak model.targets.0'],
    says: 'a local_only value reaches "model", and "openai/gpt-5" is not on this machine',
    path: 'nodes.model.config.targets.0',
    fixed: [],
  },
  {
    what: 'local_only_leak: a marked field on its way to a host',
    flow: drawing(
      {
        ask: input({ question: { type: 'text', local_only: true } }),
        get: { type: 'http', config: { url: 'https://a.test/' } },
        answer: 'output',
      },
      'ask.question -> get.value\nget.body -> answer.value',
    ),
    problems: ['local_only_leak get'],
    fixed: 'none',
  },
  {
    what: 'untrusted_in_system: a fetched page as orders',
    flow: chain(
      {
        get: { type: 'http', config: { url: 'https://a.test/' } },
        clean: 'guard',
        compose: {
          type: 'prompt',
          config: {
            blocks: [
              { role: 'system', text: '{{ page }}' },
              { role: 'user', text: '{{ question }}' },
            ],
          },
        },
      },
      'get.body -> clean.value\nclean.pass -> compose.page',
    ),
    problems: ['untrusted_in_system clean.pass -> compose.page'],
    path: 'edges.4',
    fixed: ['inlet_unfed compose.page', 'node_unused clean', 'node_unused get'],
  },
  {
    what: 'node_unused: it leads nowhere',
    flow: chain(
      { aside: { type: 'template', config: { text: '{{ value }}' } } },
      'model.text -> aside.value',
    ),
    problems: ['node_unused aside'],
    says: '"aside" leads to no output and is left out',
    fixed: [],
  },
  {
    what: 'output_missable: only one arm leads there',
    flow: drawing(
      { ask: 'input', pick: 'if', answer: 'output' },
      'ask.question -> pick.value\npick.true -> answer.value',
    ),
    problems: ['output_missable answer'],
    says: 'the output "answer" is required, and it is not certain that it always gets a value',
    fixed: [],
  },
  {
    what: 'price_unknown and unknown_model: a model that no list has',
    flow: chain({ model: model({ targets: ['openai/unheard-of'] }) }),
    problems: ['price_unknown model.targets.0', 'unknown_model model.targets.0'],
    fixed: 'none',
  },
  {
    what: 'retry_repeats_write: a POST that is sent again',
    flow: chain({
      send: {
        type: 'http',
        config: { url: 'https://a.test/', effect: 'writes' },
        policy: { retry: { tries: 3 } },
      },
    }),
    problems: ['retry_repeats_write send.policy.retry.tries'],
    path: 'nodes.send.policy.retry.tries',
    fixed: [],
  },
  {
    what: 'stream_buffered: a node that collects before the output',
    flow: chain({ clean: 'guard' }, 'model.text -> clean.value\nclean.pass -> answer.value'),
    problems: ['stream_buffered clean.value'],
    says: '"clean" collects the whole text, so what "model" gives reaches the output in one piece',
    fixed: 'none',
  },
]

const unknown = { context: null, tools: null, images: null, schema: null, json: null, priced: true }

describe.each(cases)('$what', ({ flow, env: facts = env(), ...expected }) => {
  test('is told', () => {
    const { plan, problems } = compile(flow, facts)
    expect(problems.map(short)).toEqual(expected.problems)
    expect(plan === null).toBe(problems.some(({ severity }) => severity === 'error'))
    if (expected.says !== undefined) expect(problems.map(({ message }) => message)).toContain(expected.says)
    if (expected.path !== undefined)
      expect(problems.map(({ at }) => at.path?.join('.'))).toContain(expected.path)
  })

  test('goes away with its fix', () => {
    const [first] = compile(flow, facts).problems
    if (expected.fixed === 'none') expect(first?.fix).toBeUndefined()
    else if (first) expect(told(fixed(flow, first), facts)).toEqual(expected.fixed)
  })
})

const severities: Readonly<Partial<Record<ProblemCode, string>>> = {
  node_unused: 'warning',
  output_missable: 'warning',
  price_unknown: 'warning',
  unknown_model: 'warning',
  retry_repeats_write: 'warning',
  stream_buffered: 'info',
}

test('warnings and information do not stop a plan, everything else does', () => {
  for (const { flow, env: facts } of cases) {
    for (const { code, severity } of compile(flow, facts ?? env()).problems) {
      expect([code, severity]).toEqual([code, severities[code] ?? 'error'])
    }
  }
})

test('every code of the specification that these nodes can cause is shown by a case', () => {
  const shown = new Set(cases.flatMap(({ problems }) => problems.map((one) => one.split(' ')[0])))
  const codes =
    'unknown_type unknown_port config_invalid type_mismatch inlet_unfed inlet_double cycle edge_leaves_scope merge_not_exclusive branch_leaks error_policy_conflict no_output reference_unresolved capability_missing model_not_allowed local_only_leak untrusted_in_system node_unused output_missable price_unknown retry_repeats_write stream_buffered'
  expect(codes.split(' ').filter((code) => !shown.has(code))).toEqual([])
})

test('errors come first, then places in order', () => {
  const flow = chain({
    zoo: 'template',
    model: model({ targets: ['openai/unheard-of', 'nobody/x', 'neither/y'] }),
    answer: { type: 'output', config: { oops: 1 } },
  })
  expect(told(flow)).toEqual([
    'config_invalid answer.oops',
    'reference_unresolved model.targets.1',
    'reference_unresolved model.targets.2',
    'price_unknown model.targets.0',
    'unknown_model model.targets.0',
    'node_unused zoo',
  ])
})

test('one wrong node does not hide the faults of the others', () => {
  const flow = chain(
    { compose: { type: 'promt' }, model: model({ temprature: 1 }) },
    'ask.qestion -> compose.question',
  )
  expect(told(flow)).toEqual([
    'unknown_port ask.qestion -> compose.question',
    'unknown_type compose.type',
    'config_invalid model.temprature',
  ])
})

test('a fix can be applied to the flow that was compiled and to no other', () => {
  const flow = chain({}, 'model.txet -> answer.value')
  expect(problem(flow, 'unknown_port').fix).toEqual({
    title: 'Change it to model.text -> answer.value',
    edits: [
      { op: 'remove-edge', edge: 'model.txet -> answer.value' },
      { op: 'add-edge', edge: 'model.text -> answer.value' },
    ],
  })
})
