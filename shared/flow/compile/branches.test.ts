import { describe, expect, test } from 'vitest'
import { drawing, plan, problem, step, told } from '../../../test/compile/drawing.ts'
import type { Plan } from '../plan.ts'
import type { Flow, FlowNode } from '../types.ts'

/** `owner.port: members` for each Branch, in order. */
function table(made: Plan): readonly string[] {
  const id = (index: number) => made.steps[index]?.id
  return made.branches.map(
    ({ owner, port, members }) => `${id(owner)}.${port}: ${members.map(id).sort().join(' ')}`,
  )
}

/** The gates that a step waits for, as the ports behind them. */
function gates(made: Plan, id: string): readonly (string | undefined)[] {
  return step(made, id).gates.map((gate) => made.branches[gate]?.port)
}

const fallback = (config: object = {}): FlowNode => ({ type: 'fallback', config: { tries: 2, ...config } })

/** ask → compose → fast, local; sorry last (nodes.md 2). */
function specified(nodes: Readonly<Record<string, string | FlowNode>> = {}, edges = ''): Flow {
  return drawing(
    {
      ask: 'input',
      compose: 'prompt',
      fast: 'chat-model',
      local: 'chat-model',
      sorry: 'template',
      pick: fallback({
        tries: 3,
        first_token_ms: 3_000,
        attempt_ms: 9_000,
        degraded_from: 3,
        advance_on: ['provider', 'no_value'],
      }),
      answer: 'output',
      ...nodes,
    },
    `ask.question -> compose.question
     compose.messages -> fast.messages
     compose.messages -> local.messages
     fast.text -> pick.try_1
     local.text -> pick.try_2
     sorry.text -> pick.try_3
     pick.value -> answer.value
     ${edges}`,
  )
}

describe('the fallback of the specification', () => {
  const made = plan(specified())

  test('has one Branch for each try, and what they share runs normally', () => {
    expect(told(specified())).toEqual([])
    expect(table(made)).toEqual(['pick.try_1: fast', 'pick.try_2: local', 'pick.try_3: sorry'])
    expect(step(made, 'compose').branch).toBe(-1)
  })

  test('has a gate before each try but the first', () => {
    expect(['fast', 'local', 'sorry', 'compose'].map((id) => gates(made, id))).toEqual([
      [],
      ['try_2'],
      ['try_3'],
      [],
    ])
  })

  test('takes over the settings of the node', () => {
    expect(made.branches.map(({ k, next, parent, degraded }) => ({ k, next, parent, degraded }))).toEqual([
      { k: 1, next: 1, parent: -1, degraded: false },
      { k: 2, next: 2, parent: -1, degraded: false },
      { k: 3, next: -1, parent: -1, degraded: true },
    ])
    for (const branch of made.branches) {
      expect(branch).toMatchObject({
        owner: step(made, 'pick').index,
        advanceOn: ['provider', 'no_value'],
        firstTokenMs: 3_000,
        attemptMs: 9_000,
        restart: false,
      })
    }
  })

  test('starts its owner whatever the tries do', () => {
    expect(step(made, 'pick').inlets.map(({ required }) => required)).toEqual([false, false, false])
  })
})

test('a try that works through several nodes has all of them', () => {
  const flow = specified({ clean: 'guard', second: 'prompt' }, 'compose.messages -> clean.value')
  const { nodes, edges } = flow
  const rewired: Flow = {
    ...flow,
    nodes,
    edges: [
      ...edges.filter((edge) => edge !== 'local.text -> pick.try_2' && !edge.includes('clean')),
      'local.text -> clean.value',
      'clean.pass -> second.question',
      'second.messages -> again.messages',
      'again.text -> pick.try_2',
    ],
  }
  const made = plan({
    ...rewired,
    nodes: { ...nodes, again: { type: 'chat-model', config: { targets: ['demo/echo'] } } },
  })
  expect(table(made)).toEqual([
    'pick.try_1: fast',
    'pick.try_2: again clean local second',
    'pick.try_3: sorry',
  ])
  expect(gates(made, 'clean')).toEqual(['try_2'])
})

test('an input that only one try reads belongs to that try', () => {
  const flow = drawing(
    {
      ask: 'input',
      compose: 'prompt',
      fast: 'chat-model',
      sorry: 'template',
      pick: fallback(),
      answer: 'output',
    },
    `ask.question -> compose.question
     compose.messages -> fast.messages
     fast.text -> pick.try_1
     sorry.text -> pick.try_2
     pick.value -> answer.value`,
  )
  expect(table(plan(flow))).toEqual(['pick.try_1: ask compose fast', 'pick.try_2: sorry'])
})

test('errors and whens are edges like any other', () => {
  const flow = specified({ retry: 'template' }, 'local.error -> retry.when')
  const retried: Flow = { ...flow, edges: [...flow.edges, 'retry.text -> pick.try_2'] }
  const made = plan(retried)
  expect(table(made)[1]).toBe('pick.try_2: local retry')
  expect(step(made, 'pick').inlets[1]?.edges).toHaveLength(2)
})

test('a fallback inside of a try: its members wait for both gates', () => {
  const flow = specified(
    { inner: fallback({ tries: 2 }), spare: 'chat-model' },
    `compose.messages -> spare.messages
     spare.text -> inner.try_2
     inner.value -> pick.try_2
     local.text -> inner.try_1`,
  )
  const nested: Flow = { ...flow, edges: flow.edges.filter((edge) => edge !== 'local.text -> pick.try_2') }
  const made = plan(nested)
  expect(table(made)).toEqual([
    'inner.try_1: local',
    'inner.try_2: spare',
    'pick.try_1: fast',
    'pick.try_2: inner local spare',
    'pick.try_3: sorry',
  ])
  expect(gates(made, 'local')).toEqual(['try_2'])
  expect(gates(made, 'spare')).toEqual(['try_2', 'try_2'])
  expect(step(made, 'spare').gates.map((gate) => made.branches[gate]?.owner)).toEqual([
    step(made, 'inner').index,
    step(made, 'pick').index,
  ])
  expect(made.branches.slice(0, 2).map(({ parent }) => parent)).toEqual([3, 3])
  expect(step(made, 'spare').branch).toBe(1)
})

test('a pure source may be shared by two tries', () => {
  const flow = drawing(
    {
      ask: 'input',
      compose: 'prompt',
      fast: 'chat-model',
      sorry: 'template',
      pick: fallback({ tries: 3 }),
      answer: 'output',
    },
    `ask.question -> compose.question
     compose.messages -> fast.messages
     fast.text -> pick.try_1
     sorry.text -> pick.try_2
     sorry.text -> pick.try_3
     pick.value -> answer.value`,
  )
  expect(told(flow)).toEqual([])
  expect(table(plan(flow)).slice(1)).toEqual(['pick.try_2: ', 'pick.try_3: '])
})

test('a model whose answer is also read elsewhere leaks, and says by which edge', () => {
  const flow = specified(
    {
      log: { type: 'output', config: { field: 'log', type: 'json' } },
      answer: { type: 'output', config: { main: true } },
    },
    'local.usage -> log.value\nlocal.error -> log.value',
  )
  expect(told(flow)).toContain('branch_leaks local.usage -> log.value')
  expect(told(flow)).toContain('branch_leaks local.error -> log.value')
  expect(told(flow)).not.toContain('branch_leaks local.text -> pick.try_2')
})

test('what leads nowhere is left out and leaks nothing', () => {
  const flow = specified(
    { aside: { type: 'template', config: { text: '{{ value }}' } } },
    'local.usage -> aside.value',
  )
  expect(told(flow)).toEqual(['node_unused aside'])
  expect(table(plan(flow))[1]).toBe('pick.try_2: local')
})

test('a fallback that is off has no tries, and one that is bypassed keeps only the first', () => {
  const off = plan(specified({ pick: { ...fallback({ tries: 3 }), mode: 'off' } }))
  expect(off.branches).toEqual([])
  expect(off.steps.map(({ id }) => id).sort()).toEqual(['answer', 'pick'])
  const bypassed = plan(specified({ pick: { ...fallback({ tries: 3 }), mode: 'bypass' } }))
  expect(bypassed.branches).toEqual([])
  expect(bypassed.steps.map(({ id }) => id).sort()).toEqual(['answer', 'ask', 'compose', 'fast', 'pick'])
})

describe('restart', () => {
  const sending = {
    type: 'http',
    config: { url: 'https://a.test/', effect: 'writes' },
  } as const satisfies FlowNode

  test('is passed on where nothing on the way writes', () => {
    expect(
      plan(specified({ pick: fallback({ tries: 3, restart: true }) })).branches.every(
        ({ restart }) => restart,
      ),
    ).toBe(true)
  })

  test.each([
    ['inside of a try', 'local.text -> send.value', 'send.body -> pick.try_2'],
    ['after the fallback', 'pick.value -> send.value', ''],
  ])('is refused where a node writes %s', (_where, first, second) => {
    const flow = specified(
      { pick: fallback({ tries: 3, restart: true }), send: sending },
      `${first}\n${second}`,
    )
    const rewired: Flow =
      second === ''
        ? flow
        : { ...flow, edges: flow.edges.filter((edge) => edge !== 'local.text -> pick.try_2') }
    expect(told(rewired)).toContain('config_invalid pick.restart')
    expect(problem(rewired, 'config_invalid').message).toBe(
      '"pick" cannot restart: "send" on its way may change something outside',
    )
    expect(told({ ...rewired, nodes: { ...rewired.nodes, pick: fallback({ tries: 3 }) } })).not.toContain(
      'config_invalid pick.restart',
    )
  })
})

test('a default inside of a try is told to be idle', () => {
  const flow = specified({
    fast: {
      type: 'chat-model',
      config: { targets: ['demo/echo'] },
      policy: { on_error: 'default', default: { text: 'x' } },
    },
  })
  expect(told(flow)).toEqual(['not_enforced fast.policy.on_error'])
})
