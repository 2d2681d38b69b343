// The compiler over the node types of the product: the examples of the specification, and fixes that draw such nodes.
import { expect, test } from 'vitest'
import { definitions } from '#nodes/definitions.ts'
import { compile } from '#shared/flow/compile/compile.ts'
import type { AnyNodeDefinition } from '#shared/flow/definition.ts'
import { contentText } from '#shared/flow/hash.ts'
import type { FlowNode, Prompt } from '#shared/flow/types.ts'
import { garbageFlow, randomFlow } from '../random/flow.ts'
import { byType, drawing, env, fixed, plan, problem, step, told } from './drawing.ts'

const known = byType(definitions as readonly AnyNodeDefinition[])
const answer: Prompt = {
  format: 'sluice/prompt@1',
  name: 'answer',
  variables: { question: { type: 'text' }, tone: { type: 'text', default: 'friendly' } },
  blocks: [
    { role: 'system', text: 'You help customers of a parcel service. Be {{ tone }} and brief.' },
    { role: 'user', text: '{{ question }}' },
  ],
}
const facts = env({
  definitions: known,
  prompts: { 'answer@3': answer, 'answer@production': answer },
  connections: {
    openai: { provider: 'openai', local: false },
    ollama: { provider: 'ollama', local: true, catalogue: false },
    demo: { provider: 'simulator', local: true },
  },
})
const ask: FlowNode = {
  type: 'input',
  config: { fields: { question: { type: 'text', sample: 'Where is my parcel?' } } },
}
const model = (...targets: string[]): FlowNode => ({ type: 'chat-model', config: { targets } })

/** nodes.md 2 */
const fallback = drawing(
  {
    ask,
    compose: { type: 'prompt', config: { prompt: 'answer@3' } },
    fast: model('openai/gpt-5-mini'),
    local: model('ollama/llama3.3'),
    sorry: { type: 'template', config: { text: 'Please try again later.' } },
    pick: { type: 'fallback', config: { tries: 3, first_token_ms: 3_000, degraded_from: 3 } },
    answer: { type: 'output', config: { field: 'answer', type: 'text' } },
  },
  `ask.question -> compose.question
   compose.messages -> fast.messages
   compose.messages -> local.messages
   fast.text -> pick.try_1
   local.text -> pick.try_2
   sorry.text -> pick.try_3
   pick.value -> answer.value`,
)

test('the fallback of the catalogue compiles to three Branches and streams', () => {
  expect(told(fallback, facts)).toEqual([])
  const made = plan(fallback, facts)
  const id = (index: number) => made.steps[index]?.id
  expect(made.branches.map(({ port, members, degraded }) => [port, members.map(id), degraded])).toEqual([
    ['try_1', ['fast'], false],
    ['try_2', ['local'], false],
    ['try_3', ['sorry'], true],
  ])
  expect(made.edges.filter(({ streams }) => streams).map(({ text }) => text)).toEqual([
    'fast.text -> pick.try_1',
    'local.text -> pick.try_2',
    'pick.value -> answer.value',
  ])
  expect(made).toMatchObject({
    streams: true,
    effects: 'reads',
    targets: ['ollama/llama3.3', 'openai/gpt-5-mini'],
    request: { textField: 'question', noChat: null, schema: { required: ['question'] } },
    answer: { main: 0, schema: { required: ['answer'] } },
  })
})

/** flow-file.md 2 */
const support = drawing(
  {
    answer: { type: 'output', config: { field: 'answer' } },
    ask,
    clean: { type: 'guard-pii', config: { kinds: ['email', 'phone'] } },
    compose: { type: 'prompt', config: { prompt: 'answer@production' } },
    model: {
      type: 'chat-model',
      title: 'Ask the model',
      config: { targets: ['openai/gpt-5-mini', 'ollama/llama3.3'], max_tokens: 400 },
      policy: { first_token_ms: 3_000, retry: { tries: 2 } },
    },
    restore: { type: 'unmask' },
  },
  `ask.question -> clean.value
   clean.map -> restore.map
   clean.pass -> compose.question
   compose.messages -> model.messages
   model.text -> restore.value
   restore.value -> answer.value`,
)

test('the support answer of the file format compiles, masks and streams', () => {
  expect(told(support, facts)).toEqual([])
  const made = plan(support, facts)
  expect(made.edges.filter(({ streams }) => streams).map(({ text }) => text)).toEqual([
    'model.text -> restore.value',
    'restore.value -> answer.value',
  ])
  expect(step(made, 'clean').outlets.find(({ name }) => name === 'map')?.secret).toBe(true)
  expect(step(made, 'clean').outlets.find(({ name }) => name === 'blocked')?.unhandled).toBe(
    'guard_blocked_input',
  )
  expect(step(made, 'model').policy).toMatchObject({
    firstTokenMs: 3_000,
    timeoutMs: 60_000,
    retry: { tries: 2 },
  })
})

test('a Version is named by what it does and not by how it is drawn', () => {
  const text = (flow: typeof support) => contentText(flow, () => 'sha256:0', known)
  const shuffled = {
    ...support,
    nodes: Object.fromEntries(Object.entries(support.nodes).reverse()),
    edges: support.edges.toReversed(),
  }
  expect(text(shuffled)).toBe(text(support))
  expect(
    text({
      ...support,
      nodes: { ...support.nodes, model: { ...support.nodes.model, title: 'Other' } as FlowNode },
    }),
  ).toBe(text(support))
})

test('the order of the cases of a switch is part of a Version', () => {
  const cases = (...names: string[]) =>
    contentText(
      drawing({
        pick: {
          type: 'switch',
          config: { cases: Object.fromEntries(names.map((name) => [name, { if: 'true' }])) },
        },
      }),
      () => undefined,
      known,
    )
  expect(cases('first', 'second')).not.toBe(cases('second', 'first'))
})

test('the fixing node is one that the product has', () => {
  const wrong = {
    ...support,
    nodes: { ...support.nodes, answer: { type: 'output', config: { type: 'json' } } },
  }
  const problem_ = problem(wrong, 'type_mismatch', facts)
  expect(problem_.message).toContain('a transform node between them fits')
  expect(told(fixed(wrong, problem_), facts)).toEqual([])
  const chat = drawing(
    {
      ask: { type: 'input', config: { fields: { data: { type: 'json' } } } },
      model: model('demo/echo'),
      answer: 'output',
    },
    'ask.data -> model.messages\nmodel.text -> answer.value',
  )
  expect(told(fixed(chat, problem(chat, 'type_mismatch', facts)), facts)).toEqual([])
  const doubled = drawing(
    {
      ask,
      compose: { type: 'prompt', config: { prompt: 'answer@3' } },
      one: model('demo/a'),
      two: model('demo/b'),
      answer: 'output',
    },
    `ask.question -> compose.question
     compose.messages -> one.messages
     compose.messages -> two.messages
     one.text -> answer.value
     two.text -> answer.value`,
  )
  expect(told(fixed(doubled, problem(doubled, 'merge_not_exclusive', facts)), facts)).toEqual([
    'stream_buffered coalesce.in_2',
  ])
})

test('what may be left out by its node does not make an output certain', () => {
  const flow = (outlet: string) =>
    drawing(
      { chat: 'chat-input', model: model('demo/echo'), answer: { type: 'output', config: { type: 'json' } } },
      `chat.messages -> model.messages\nmodel.${outlet} -> answer.value`,
    )
  expect(told(flow('usage'), facts)).toEqual([])
  expect(told(flow('tool_calls'), facts)).toEqual(['output_missable answer'])
})

test('random flows of the product compile or are refused, and never throw', () => {
  let accepted = 0
  for (let seed = 0; seed < 1_500; seed += 1) {
    const flow =
      seed % 3 === 2 ? garbageFlow(seed) : randomFlow(seed, { wiring: seed % 3 === 0 ? 'sound' : 'wild' })
    const { plan: made, problems } = compile(flow as Parameters<typeof compile>[0], facts)
    expect(made === null, `seed ${seed}`).toBe(problems.some(({ severity }) => severity === 'error'))
    if (made) accepted += 1
  }
  expect(accepted).toBeGreaterThan(50)
})
