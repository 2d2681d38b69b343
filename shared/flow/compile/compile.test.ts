import { describe, expect, test } from 'vitest'
import { madeUp } from '../../../test/compile/definitions.ts'
import { byType, drawing, env, plan, problem, step, told } from '../../../test/compile/drawing.ts'
import type { Flow, FlowNode, Prompt } from '../types.ts'
import { compile } from './compile.ts'

const chain = (nodes: Readonly<Record<string, string | FlowNode>> = {}, edges = ''): Flow =>
  drawing(
    { ask: 'input', compose: 'prompt', model: 'chat-model', answer: 'output', ...nodes },
    `ask.question -> compose.question
     compose.messages -> model.messages
     ${edges === '' ? 'model.text -> answer.value' : edges}`,
  )

describe('a plan', () => {
  test('names steps in order, with ports joined by index', () => {
    const made = plan(chain())
    expect(made.flow).toBe('drawing')
    expect(made.steps.map(({ id, index }) => `${index} ${id}`)).toEqual([
      '0 ask',
      '1 compose',
      '2 model',
      '3 answer',
    ])
    expect(made.edges.map(({ text, from, to }) => `${text}: ${from} ${to}`)).toEqual([
      'ask.question -> compose.question: 0 1',
      'compose.messages -> model.messages: 1 2',
      'model.text -> answer.value: 2 3',
    ])
    expect(step(made, 'model').outlets.find(({ name }) => name === 'text')).toMatchObject({
      edges: [2],
      streams: true,
    })
  })

  test('is frozen to the bottom and shares nothing with the flow', () => {
    const flow = chain({ model: { type: 'chat-model', config: { targets: ['demo/echo'] } } })
    const made = plan(flow)
    const open: unknown[] = [made]
    for (const value of open) {
      expect(Object.isFrozen(value)).toBe(true)
      if (typeof value === 'object' && value !== null) open.push(...Object.values(value))
    }
    expect(Object.isFrozen(flow.nodes.model?.config)).toBe(false)
    expect(JSON.parse(JSON.stringify(made))).toEqual(made)
  })

  test('holds configs with their defaults filled in', () => {
    expect(step(plan(chain()), 'answer').config).toEqual({
      field: 'answer',
      type: 'text',
      required: true,
      stream: true,
      main: false,
      share: true,
    })
  })

  test('calls a step by its title, or else by that of its type', () => {
    const made = plan(chain({ compose: { ...(chain().nodes.compose as FlowNode), title: 'Say it' } }))
    expect([step(made, 'compose').title, step(made, 'model').title]).toEqual(['Say it', 'Chat model'])
  })

  test('lists what it contacts and what it may do', () => {
    const made = plan(
      chain({
        model: { type: 'chat-model', config: { targets: ['openai/gpt-5', 'demo/echo'] } },
        send: { type: 'http', config: { url: 'https://a.test:8443/x', effect: 'writes' } },
        away: { type: 'http', mode: 'off', config: { url: 'https://b.test/' } },
      }),
    )
    expect(made).toMatchObject({
      targets: ['demo/echo', 'openai/gpt-5'],
      hosts: ['a.test:8443'],
      effects: 'writes',
    })
    expect(plan(chain()).effects).toBe('reads')
  })

  test('gives a pass-through port the type of what feeds it', () => {
    const made = plan(chain({ pick: 'if' }, 'model.usage -> pick.value\npick.true -> answer.value'))
    expect(step(made, 'pick').inlets).toMatchObject([{ name: 'value', type: 'json' }])
    expect(step(made, 'pick').outlets).toMatchObject([{ name: 'true', type: 'json' }, { name: 'false' }])
    expect(made.edges.find(({ text }) => text === 'pick.true -> answer.value')?.conversion).toBe(
      'json-to-text',
    )
  })

  test('turns what stands on numbered inlets into one type', () => {
    const made = plan(
      chain(
        { one: 'coalesce', sorry: 'template' },
        'model.usage -> one.in_1\nsorry.text -> one.in_2\none.value -> answer.value',
      ),
    )
    expect(
      made.edges.filter(({ inlet }) => inlet.startsWith('in_')).map(({ conversion }) => conversion),
    ).toEqual(['json-to-text', 'none'])
  })

  test('leaves test nodes out, unless it is asked to keep them', () => {
    const flow = chain({ look: 'check' }, 'model.text -> look.value\nmodel.text -> answer.value')
    expect(told(flow)).toEqual([])
    expect(plan(flow).steps.map(({ id }) => id)).not.toContain('look')
    expect(told(flow, env({ keepTestNodes: true }))).toEqual(['node_unused look'])
    const used = chain(
      { look: 'check', log: { type: 'output', config: { field: 'log', main: true } } },
      'model.text -> look.value\nlook.result -> log.value\nmodel.text -> answer.value',
    )
    expect(told(used)).toEqual(['inlet_unfed log.value'])
    expect(plan(used, env({ keepTestNodes: true })).steps.map(({ id }) => id)).toContain('look')
  })
})

describe('modes', () => {
  test('off: the step stays, and what only led there is left out', () => {
    const flow = chain({ model: { type: 'chat-model', mode: 'off', config: { targets: ['nobody/at-all'] } } })
    expect(told(flow)).toEqual(['output_missable answer', 'node_unused ask', 'node_unused compose'])
    const made = plan(flow)
    expect(made.steps.map(({ id, mode }) => [id, mode])).toEqual([
      ['model', 'off'],
      ['answer', 'on'],
    ])
    expect(made.targets).toEqual([])
    expect(made.request.fields).toHaveProperty('question')
  })

  test('bypass: the first inlet goes to the first outlet of its type', () => {
    const made = plan(
      chain(
        { clean: { type: 'mask', mode: 'bypass' } },
        'model.text -> clean.value\nclean.pass -> answer.value',
      ),
    )
    expect(step(made, 'clean').mode).toEqual({ from: 'value', to: 'pass' })
  })

  test('bypass is refused where no outlet has that type', () => {
    const flow = chain(
      { both: { type: 'join', mode: 'bypass', config: { names: ['a'] } } },
      'model.text -> both.a\nboth.object -> answer.value',
    )
    expect(told(flow)).toContain('config_invalid both.mode')
    expect(problem(flow, 'config_invalid').message).toBe(
      '"both" cannot be bypassed: no outlet has the type of its first inlet "a"',
    )
  })
})

describe('policies', () => {
  const policyOf = (node: FlowNode) => step(plan(chain({ model: node })), 'model').policy
  const model = (policy: FlowNode['policy']): FlowNode => ({
    type: 'chat-model',
    config: { targets: ['demo/echo'] },
    ...(policy && { policy }),
  })
  const http = (effect: string, policy?: FlowNode['policy']): Flow =>
    chain(
      { send: { type: 'http', config: { url: 'https://a.test/', effect }, ...(policy && { policy }) } },
      'model.text -> send.value\nsend.body -> answer.value',
    )

  test('have the defaults of the specification', () => {
    expect(policyOf(model(undefined))).toEqual({
      timeoutMs: 60_000,
      firstTokenMs: 20_000,
      idleMs: 30_000,
      retry: { tries: 2, on: ['transient'], backoffMs: 500, maxBackoffMs: 8_000, jitter: true },
      onError: 'fail',
      default: null,
      concurrency: null,
      redact: [],
    })
    expect(step(plan(http('reads')), 'send').policy).toMatchObject({ timeoutMs: 30_000, retry: { tries: 2 } })
    expect(step(plan(http('writes')), 'send').policy).toMatchObject({
      timeoutMs: 30_000,
      retry: { tries: 1 },
    })
    expect(step(plan(chain()), 'compose').policy).toMatchObject({ timeoutMs: 10_000, retry: { tries: 1 } })
  })

  test('are taken over as they are written', () => {
    const policy = {
      timeout_ms: 1,
      first_token_ms: 2,
      idle_ms: 3,
      retry: { tries: 4, on: ['upstream_timeout'], backoff_ms: 5, max_backoff_ms: 6, jitter: false },
      on_error: 'default',
      default: { text: 'Sorry.' },
      concurrency: 7,
      redact: ['messages', 'text'],
    } as const
    expect(policyOf(model(policy))).toEqual({
      timeoutMs: 1,
      firstTokenMs: 2,
      idleMs: 3,
      retry: { tries: 4, on: ['upstream_timeout'], backoffMs: 5, maxBackoffMs: 6, jitter: false },
      onError: 'default',
      default: { text: 'Sorry.' },
      concurrency: 7,
      redact: ['messages', 'text'],
    })
  })

  test('retry single calls where a node calls out, and else the whole node', () => {
    const made = plan(chain())
    expect([step(made, 'model').retries, step(made, 'compose').retries]).toEqual(['calls', 'run'])
  })

  const refused: readonly [string, FlowNode['policy'], string][] = [
    [
      'a cache',
      { cache: { ttl_s: 60 } },
      'policy.cache of "model" would have no effect: caching answers is not part of this version',
    ],
    [
      'a default that nothing asks for',
      { default: { text: '' } },
      'policy.default of "model" would have no effect: it acts only with on_error: default',
    ],
    [
      'an on_error without a default',
      { on_error: 'default' },
      'policy.on_error of "model" would have no effect: policy.default must say which outlets get which value',
    ],
    [
      'a default for no outlet',
      { on_error: 'default', default: { txt: '' } },
      'policy.default names "txt", which is no outlet of "model"; did you mean "text"?',
    ],
    [
      'a default of another type',
      { on_error: 'default', default: { text: 7 } },
      'policy.default: the outlet "text" of "model" is of type text, this value is not',
    ],
    [
      'a port that is not there',
      { redact: ['massages'] },
      '"model" has no port "massages" to redact; did you mean "messages"?',
    ],
  ]
  test.each(refused)('refuse %s', (_what, policy, message) => {
    const flow = chain({ model: model(policy) })
    const errors = compile(flow, env()).problems.filter(({ severity }) => severity === 'error')
    expect(errors.map((each) => [each.code, each.message])).toEqual([['config_invalid', message]])
  })

  test('refuse limits on parts for nodes that have none', () => {
    const flow = chain({
      compose: { ...(chain().nodes.compose as FlowNode), policy: { first_token_ms: 5, idle_ms: 5 } },
    })
    expect(told(flow)).toEqual([
      'config_invalid compose.policy.first_token_ms',
      'config_invalid compose.policy.idle_ms',
    ])
  })

  test('refuse a default for two arms of which only one can be taken', () => {
    const flow = chain(
      { pick: { type: 'if', policy: { on_error: 'default', default: { true: 1, false: 2 } } } },
      'model.text -> pick.value\npick.true -> answer.value',
    )
    expect(told(flow)[0]).toBe('config_invalid pick.false')
  })

  test('take a stub where a node may change something, and say where it is idle', () => {
    const stub = { body: 'ok', status: 200 }
    const flow = http('writes')
    const stubbed = { ...flow, nodes: { ...flow.nodes, send: { ...(flow.nodes.send as FlowNode), stub } } }
    expect(step(plan(stubbed), 'send').stub).toEqual(stub)
    expect(told(chain({ model: { ...model(undefined), stub: { text: 'x' } } }))).toEqual([
      'not_enforced model.stub',
    ])
    expect(told(chain({ model: { ...model(undefined), stub: { txt: 'x' } } }))).toEqual([
      'config_invalid model.txt',
      'not_enforced model.stub',
    ])
  })
})

describe('what a caller sends', () => {
  const asking = (fields: object, chat?: object): Flow =>
    drawing(
      {
        ask: { type: 'input', config: { fields } as FlowNode['config'] & object },
        ...(chat ? { chat: { type: 'chat-input', config: chat } as FlowNode } : {}),
        sorry: 'template',
        answer: 'output',
      },
      'sorry.text -> answer.value',
    )

  test('is a schema of the fields, used or not', () => {
    const { request } = plan(
      asking({
        question: { type: 'text', description: 'What?', sample: 'Where is it?', schema: { maxLength: 9 } },
        count: { type: 'number', default: 3 },
        flag: { type: 'boolean', required: false },
        data: { type: 'json', required: false },
        tags: { type: 'list<text>', required: false },
        photo: { type: 'image', required: false },
      }),
    )
    expect(request.schema).toEqual({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      properties: {
        question: { type: 'string', maxLength: 9, description: 'What?', examples: ['Where is it?'] },
        count: { type: 'number', default: 3 },
        flag: { type: 'boolean' },
        data: {},
        tags: { type: 'array', items: { type: 'string' } },
        photo: {
          type: 'object',
          properties: { media_type: { type: 'string' }, data: { type: 'string', contentEncoding: 'base64' } },
          required: ['media_type', 'data'],
          additionalProperties: false,
        },
      },
      required: ['question'],
      additionalProperties: false,
    })
    expect(request).toMatchObject({ textField: 'question', noChat: null, chat: null })
  })

  test('keeps references inside of a field schema pointing where they did', () => {
    const schema = {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      $id: 'https://a.test/schema',
      type: 'object',
      properties: { next: { $ref: '#' }, unit: { $ref: '#/$defs/unit' }, $ref: { const: { $ref: '#/x' } } },
      $defs: { unit: { enum: ['kg'] } },
    }
    const { request } = plan(asking({ data: { type: 'json', schema } }))
    expect(request.schema).toMatchObject({
      properties: {
        data: {
          properties: {
            next: { $ref: '#/properties/data' },
            unit: { $ref: '#/properties/data/$defs/unit' },
            $ref: { const: { $ref: '#/x' } },
          },
        },
      },
    })
    expect(JSON.stringify(request.schema)).not.toContain('$id')
  })

  test('has messages, tools and params where a chat input takes them', () => {
    const { request } = plan(
      asking({}, { max_messages: 5, accept_tools: true, accept_params: ['temperature', 'stop'] }),
    )
    expect(request.chat).toEqual({
      maxMessages: 5,
      system: 'pass',
      acceptTools: true,
      acceptParams: ['temperature', 'stop'],
    })
    expect(request.schema).toMatchObject({
      properties: {
        messages: { type: 'array', minItems: 1, maxItems: 5, items: { required: ['role'] } },
        tools: { type: 'array' },
        params: { properties: { temperature: { type: 'number' }, stop: {} }, additionalProperties: false },
      },
      required: ['messages'],
    })
    const plain = plan(asking({}, { system: 'refuse' })).request.schema
    expect(plain).toMatchObject({
      properties: { messages: { items: { properties: { role: { enum: ['user', 'assistant', 'tool'] } } } } },
    })
    expect(Object.keys((plain as { properties: object }).properties)).toEqual(['messages'])
  })

  test.each([
    ['two inputs', { ask: 'input', again: 'input' }, 'config_invalid ask.type'],
    ['two chat inputs', { ask: 'chat-input', chat: 'chat-input' }, 'config_invalid chat.type'],
  ])('comes from one node each: %s are refused', (_what, nodes, told_) => {
    const flow = drawing({ ...nodes, sorry: 'template', answer: 'output' }, 'sorry.text -> answer.value')
    expect(told(flow)).toContain(told_)
  })

  const text = { type: 'text' }
  const chats: readonly [string, Flow, string | null, string | null][] = [
    ['one required text', asking({ q: text, more: { type: 'text', required: false } }), 'q', null],
    [
      'one text and what a chat client can send along',
      asking({ q: text, n: { type: 'number' }, j: { type: 'json' } }),
      'q',
      null,
    ],
    ['a chat input and two texts', asking({ a: text, b: text }, {}), null, null],
    [
      'no text',
      asking({ n: { type: 'number' } }),
      null,
      'There is no chat input and no required text field to take the message of the user.',
    ],
    [
      'a text with a default',
      asking({ q: { type: 'text', default: 'x' } }),
      null,
      'There is no chat input and no required text field to take the message of the user.',
    ],
    [
      'two texts',
      asking({ a: text, b: text }),
      null,
      'There is no chat input, and the message of the user could go to any of a, b.',
    ],
    [
      'a photo',
      asking({ q: text, photo: { type: 'image' } }),
      'q',
      'The required field "photo" of type image cannot be sent by a chat client.',
    ],
  ]
  test.each(chats)('fits the chat surfaces or not: %s', (_what, flow, textField, noChat) => {
    expect(plan(flow).request).toMatchObject({ textField, noChat })
  })

  test('does not fit the chat surfaces when the main output is kept for the log', () => {
    const flow = chain({ answer: { type: 'output', config: { share: false } } })
    expect(plan(flow).request.noChat).toBe(
      'The main output is kept for the log, so there is nothing to answer with.',
    )
  })
})

describe('what a caller gets', () => {
  const two = (first: object, second: object): Flow =>
    drawing(
      {
        sorry: 'template',
        one: { type: 'output', config: first } as FlowNode,
        two: { type: 'output', config: second } as FlowNode,
      },
      'sorry.text -> one.value\nsorry.text -> two.value',
    )

  test('is a schema of what is shared', () => {
    const { answer, steps } = plan(
      drawing(
        {
          ask: { type: 'input', config: { fields: { data: { type: 'json' }, q: { type: 'text' } } } },
          a: {
            type: 'output',
            config: { field: 'data', type: 'json', schema: { type: 'object' }, required: false },
          },
          b: { type: 'output', config: { main: true } },
          c: { type: 'output', config: { field: 'log', share: false } },
        },
        'ask.data -> a.value\nask.q -> b.value\nask.q -> c.value',
      ),
    )
    expect(answer.schema).toEqual({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      properties: { data: { type: 'object' }, answer: { type: 'string' } },
      required: ['answer'],
      additionalProperties: false,
    })
    expect(answer.fields.map(({ field, main, step: at }) => [field, main, steps[at]?.id])).toEqual([
      ['data', false, 'a'],
      ['answer', true, 'b'],
      ['log', false, 'c'],
    ])
    expect(answer.main).toBe(1)
    expect(steps.map((each) => each.answer)).toEqual([-1, 0, 1, 2])
  })

  test('has one main field: the only one, or the one that is marked', () => {
    expect(plan(chain()).answer.fields).toMatchObject([{ main: true }])
    expect(told(two({ field: 'a' }, { field: 'b' }))).toEqual(['config_invalid one.main'])
    expect(told(two({ field: 'a', main: true }, { field: 'b', main: true }))).toEqual([
      'config_invalid two.main',
    ])
    expect(plan(two({ field: 'a' }, { field: 'b', main: true })).answer.main).toBe(1)
  })

  test('has no field twice', () => {
    expect(told(two({ main: true }, {}))).toEqual(['config_invalid two.field'])
  })
})

describe('references and versions of configs', () => {
  const prompts: Record<string, Prompt> = {
    'answer@3': {
      format: 'sluice/prompt@1',
      name: 'answer',
      variables: { tone: { type: 'text' } },
      blocks: [{ role: 'user', text: 'Be {{ tone }}.' }],
    },
  }

  test('a prompt gives its variables as ports and its text to the plan', () => {
    const flow = chain({ compose: { type: 'prompt', config: { prompt: 'answer@3' } } })
    expect(told(flow, env({ prompts }))).toEqual([
      'unknown_port ask.question -> compose.question',
      'inlet_unfed compose.tone',
    ])
    const fits = { ...flow, edges: ['ask.question -> compose.tone', ...flow.edges.slice(1)] }
    expect(step(plan(fits, env({ prompts })), 'compose').config).toEqual({
      prompt: 'answer@3',
      blocks: [{ role: 'user', text: 'Be {{ tone }}.' }],
    })
    expect(Object.isFrozen(prompts['answer@3']?.blocks)).toBe(false)
  })

  test('old configs are lifted step by step', () => {
    const lifted = (node: Partial<FlowNode>) =>
      step(
        plan(
          chain({ old: { type: 'lifted', ...node } }, 'model.text -> old.value\nold.value -> answer.value'),
        ),
        'old',
      ).config
    expect(lifted({ config: { a: 'first' } })).toEqual({ c: 'first' })
    expect(lifted({ v: 2, config: { b: 'second' } })).toEqual({ c: 'second' })
    expect(lifted({ v: 3, config: { c: 'third' } })).toEqual({ c: 'third' })
  })

  test('a lift that fails is told and not thrown', () => {
    const failing = madeUp.map((one) =>
      one.type === 'lifted'
        ? {
            ...one,
            migrate: {
              2: () => {
                throw new Error('no')
              },
            },
          }
        : one,
    )
    const flow = chain({ old: 'lifted' }, 'model.text -> old.value\nold.value -> answer.value')
    expect(told(flow, env({ definitions: byType(failing) }))).toEqual(['config_invalid old'])
  })
})

describe('targets', () => {
  const asking = (target: string) => chain({ model: { type: 'chat-model', config: { targets: [target] } } })

  test('of a provider without a list of models say nothing about unknown ids', () => {
    const facts = env({
      connections: { corp: { provider: 'openai-compatible', local: false, catalogue: false } },
      model: () => undefined,
    })
    expect(told(asking('corp/ours'), facts)).toEqual(['price_unknown model.targets.0'])
  })

  test('on this machine need no price', () => {
    expect(told(asking('demo/anything'), env({ model: () => undefined }))).toEqual([])
  })

  test.each([
    ['openai/*', 'openai/o/3', true],
    ['openai/*-mini', 'openai/gpt-5-mini', true],
    ['openai/*-mini', 'openai/gpt-5', false],
    ['*', 'openai/gpt-5', true],
    ['openai/gpt-5', 'openai/gpt-5-mini', false],
    ['o*i/*a*a*b', `openai/${'a'.repeat(200)}`, false],
  ])('are allowed by patterns: %s and %s', (pattern, target, allowed) => {
    const codes = told(asking(target), env({ policies: { models: [pattern] } }))
    expect(codes.includes('model_not_allowed model.targets.0')).toBe(!allowed)
  })

  test('hosts outside of the list are warned about, since the run will refuse them', () => {
    const flow = chain(
      { get: { type: 'http', config: { url: 'https://api.a.test/' } } },
      'model.text -> get.value\nget.body -> answer.value',
    )
    const hosts = (...allowed: string[]) => told(flow, env({ policies: { hosts: allowed } }))
    expect(hosts('b.test')).toContain('config_invalid get')
    expect(hosts('api.a.test')).not.toContain('config_invalid get')
    expect(hosts('*.a.test')).not.toContain('config_invalid get')
    expect(compile(flow, env({ policies: { hosts: [] } })).plan).not.toBeNull()
  })
})

describe('a document that is no flow in places', () => {
  const broken = (change: object): Flow => ({ ...chain(), ...change }) as Flow
  const cases: readonly [string, Flow, readonly string[]][] = [
    [
      'a node id in capitals',
      broken({ nodes: { ...chain().nodes, Ask: { type: 'input' } } }),
      ['wrong_value'],
    ],
    [
      'a name that would change every object',
      broken({ nodes: { ...chain().nodes, ...(JSON.parse('{"__proto__":{"type":"input"}}') as object) } }),
      ['wrong_value'],
    ],
    [
      'an unknown field of a node',
      broken({ nodes: { ...chain().nodes, model: { ...chain().nodes.model, cofig: {} } } }),
      ['unknown_field model.cofig'],
    ],
    [
      'a policy out of range',
      broken({
        nodes: { ...chain().nodes, model: { ...chain().nodes.model, policy: { timeout_ms: 0 } } },
      }),
      ['wrong_value model.policy.timeout_ms'],
    ],
    [
      'a number that is none',
      broken({
        nodes: {
          ...chain().nodes,
          model: { type: 'chat-model', config: { targets: ['demo/echo'], temperature: Number.NaN } },
        },
      }),
      ['wrong_value model'],
    ],
    [
      'an edge with an arrow of its own',
      broken({ edges: [...chain().edges.slice(0, 2), 'model.text→answer.value'] }),
      [
        'wrong_value model.text→answer.value',
        'inlet_unfed answer.value',
        'node_unused ask',
        'node_unused compose',
        'node_unused model',
      ],
    ],
    [
      'the same edge twice',
      broken({ edges: [...chain().edges, chain().edges[0]] }),
      ['wrong_value ask.question -> compose.question'],
    ],
  ]
  test.each(cases)('is told: %s', (_what, flow, problems) => {
    expect(told(flow)).toEqual(problems)
  })

  test('nests as deep as a request may, and no deeper', () => {
    let deep: unknown = 'x'
    for (let level = 0; level < 100; level += 1) deep = { deep }
    const flow = chain({ model: { type: 'chat-model', config: deep as NonNullable<FlowNode['config']> } })
    expect(told(flow)).toEqual(['wrong_value model'])
  })
})
