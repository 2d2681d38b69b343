// The product's nodes through compiler and engine: what each promises alone must hold in a flow.
import { describe, expect, it } from 'vitest'
import { buildersFor } from '#main/engine/build.ts'
import type { Http } from '#main/engine/effects.ts'
import { type Prepared, prepare } from '#main/engine/prepare.ts'
import { definitions } from '#nodes/definitions.ts'
import { runners } from '#nodes/runners.ts'
import { AppError } from '#shared/errors.ts'
import { compile } from '#shared/flow/compile/compile.ts'
import type { CompileEnv } from '#shared/flow/compile/env.ts'
import type { AnyNodeDefinition } from '#shared/flow/definition.ts'
import type { FlowContent, FlowNode, Prompt } from '#shared/flow/types.ts'
import { endOf, type Options, run } from '../flows/kit.ts'
import { virtualClock } from '../virtual-clock.ts'
import { noGuards } from './run-node.ts'

const answerPrompt: Prompt = {
  format: 'sluice/prompt@1',
  name: 'answer',
  variables: { question: { type: 'text' }, tone: { type: 'text', default: 'friendly' } },
  blocks: [
    { role: 'system', text: 'Be {{ tone }}.' },
    { role: 'user', text: '{{ question }}' },
  ],
}
const env: CompileEnv = {
  definitions: new Map(definitions.map((definition: AnyNodeDefinition) => [definition.type, definition])),
  prompt: (ref) => (ref === 'answer@3' ? answerPrompt : undefined),
  connections: { a: { provider: 'simulator', local: true }, b: { provider: 'simulator', local: true } },
  model: () => undefined,
  policies: {},
}

function prepared(flow: FlowContent): Prepared {
  const { plan, problems } = compile({ slug: 'test', ...flow }, env)
  if (!plan) throw new Error(problems.map(({ code, message }) => `${code}: ${message}`).join('\n'))
  return prepare(plan, { runners, builders: (stage) => buildersFor(stage, noGuards) })
}

async function runFlow(flow: FlowContent, options: Options = {}) {
  const started = await run({} as never, { ...options, prepared: prepared(flow), clock: virtualClock() })
  const end = endOf(started.events)
  return {
    end,
    error: end.type === 'run-failed' ? end.error : undefined,
    answer: end.answer,
    calls: started.models.calls,
    lines: started.lines(),
  }
}

const node = (type: string, config: FlowNode['config'] = {}, more: Partial<FlowNode> = {}): FlowNode => ({
  type,
  config,
  ...more,
})
const once = { retry: { tries: 1 } }
const ask = node('input', { fields: { question: { type: 'text' } } })
const page =
  (text: string, type = 'text/plain'): Http =>
  async () => ({ status: 200, headers: { 'content-type': type }, body: new TextEncoder().encode(text) })

describe('the fallback of the catalogue', () => {
  const flow: FlowContent = {
    nodes: {
      ask,
      compose: node('prompt', { prompt: 'answer@3' }),
      fast: node('chat-model', { targets: ['a/fast'] }),
      local: node('chat-model', { targets: ['b/local'] }),
      sorry: node('template', { text: 'Please try again later.' }),
      pick: node('fallback', { tries: 3, first_token_ms: 3_000, degraded_from: 3 }),
      answer: node('output', { main: true }),
      tries: node('output', { field: 'tries', type: 'json' }),
    },
    edges: [
      'ask.question -> compose.question',
      'compose.messages -> fast.messages',
      'compose.messages -> local.messages',
      'fast.text -> pick.try_1',
      'local.text -> pick.try_2',
      'sorry.text -> pick.try_3',
      'pick.value -> answer.value',
      'pick.attempts -> tries.value',
    ],
  }
  const good = [{ parts: ['Hel', 'lo'] }]

  it.each([false, true])('asks one model while the first is healthy (streamed: %s)', async (stream) => {
    const { answer, calls, end } = await runFlow(flow, { stream, script: { 'a/fast': good } })
    expect(answer).toEqual({
      answer: 'Hello',
      tries: [
        { port: 'try_1', status: 'ok', code: null },
        { port: 'try_2', status: 'standby', code: null },
        { port: 'try_3', status: 'standby', code: null },
      ],
    })
    expect(calls.map(({ target }) => target)).toEqual(['a/fast'])
    expect(calls[0]?.attempt.request).toMatchObject({
      system: [{ type: 'text', text: 'Be friendly.' }],
      messages: [{ role: 'user', parts: [{ type: 'text', text: 'hi' }] }],
    })
    expect(end.totals.degraded).toBe(false)
  })

  it.each([false, true])('asks the second after the retry of the first (streamed: %s)', async (stream) => {
    const script = { 'a/fast': [{ error: 'upstream_rate_limited' as const }], 'b/local': good }
    const { answer, calls } = await runFlow(flow, { stream, script })
    expect(answer.answer).toBe('Hello')
    expect(calls.map(({ target }) => target)).toEqual(['a/fast', 'a/fast', 'b/local'])
  })

  it.each([false, true])('gives the fixed answer when all models fail (streamed: %s)', async (stream) => {
    const down = [{ error: 'upstream_unavailable' as const }]
    const { answer, end } = await runFlow(flow, { stream, script: { 'a/fast': down, 'b/local': down } })
    expect(answer.answer).toBe('Please try again later.')
    expect(end.totals.degraded).toBe(true)
  })

  it.each([false, true])(
    'does not go on after a refusal, which is not among its codes (streamed: %s)',
    async (stream) => {
      const script = { 'a/fast': [{ parts: ['No'], finish: 'refusal' as const }], 'b/local': good }
      const { error, calls } = await runFlow(flow, { stream, script })
      expect(error).toMatchObject({ code: 'model_refused', node: 'fast' })
      expect(calls).toHaveLength(1)
    },
  )
})

describe('chat-model', () => {
  const flow = (config: FlowNode['config'], policy?: FlowNode['policy']): FlowContent => ({
    nodes: { ask, model: node('chat-model', config, policy ? { policy } : {}), answer: node('output') },
    edges: ['ask.question -> model.messages', 'model.text -> answer.value'],
  })

  it('takes an empty answer for a failure: it is retried, then the next target answers', async () => {
    const script = { 'a/x': [{ parts: [] }], 'b/y': [{ parts: ['Hi'] }] }
    const { answer, calls } = await runFlow(flow({ targets: ['a/x', 'b/y'] }), { script })
    expect(answer).toEqual({ answer: 'Hi' })
    expect(calls.map(({ target }) => target)).toEqual(['a/x', 'a/x', 'b/y'])
  })

  it('goes to the next target after a refusal when that is among its codes', async () => {
    const script = { 'a/x': [{ parts: ['No'], finish: 'refusal' as const }], 'b/y': [{ parts: ['Hi'] }] }
    const { answer, calls } = await runFlow(flow({ targets: ['a/x', 'b/y'], advance_on: ['content'] }), {
      script,
    })
    expect(answer).toEqual({ answer: 'Hi' })
    expect(calls).toHaveLength(2)
  })

  it.each([
    ['refusal', {}, 'model_refused'],
    ['content-filter', {}, 'model_refused'],
    ['length', { truncated: 'fail' }, 'output_invalid'],
  ] as const)('never ends a stream normally after %s', async (finish, config, code) => {
    const script = { 'a/x': [{ parts: ['So', ' far'], everyMs: 5, finish }] }
    const { error, lines } = await runFlow(flow({ targets: ['a/x'], ...config }, once), {
      stream: true,
      script,
    })
    expect(error?.code).toBe(code)
    expect(lines.at(-1)).toContain(code)
  })
})

describe('structured', () => {
  it('counts its repairs as calls of one step', async () => {
    const schema = { type: 'object', required: ['n'], properties: { n: { type: 'integer' } } }
    const flow: FlowContent = {
      nodes: {
        ask,
        data: node('structured', { targets: ['a/x'], schema }),
        answer: node('output', { type: 'json' }),
      },
      edges: ['ask.question -> data.messages', 'data.value -> answer.value'],
    }
    const script = { 'a/x': [{ parts: ['{"n":"x"}'] }, { parts: ['{"n":1}'] }] }
    const { answer, calls, end } = await runFlow(flow, { script })
    expect(answer).toEqual({ answer: { n: 1 } })
    expect(calls).toHaveLength(2)
    expect(end.totals.modelCalls).toBe(2)
  })
})

describe('routing', () => {
  it('merges the arms of if, switch and split, and names the arm', async () => {
    const flow: FlowContent = {
      nodes: {
        ask,
        long: node('if', { test: '$length(value) > 5' }),
        kind: node('switch', { cases: { hello: { matches: '^hi' } } }),
        split: node('ab-split', { arms: { warm: 1, cold: 0 } }),
        one: node('template', { text: 'long {{ q }}' }),
        two: node('template', { text: 'warm {{ q }}' }),
        three: node('template', { text: 'cold {{ q }}' }),
        four: node('template', { text: 'other {{ q }}' }),
        answer: node('output'),
      },
      edges: [
        'ask.question -> long.value',
        'long.true -> one.q',
        'long.false -> kind.value',
        'kind.hello -> split.value',
        'kind.default -> four.q',
        'split.warm -> two.q',
        'split.cold -> three.q',
        'one.text -> answer.value',
        'two.text -> answer.value',
        'three.text -> answer.value',
        'four.text -> answer.value',
      ],
    }
    const answerTo = async (question: string) => {
      const { answer, end } = await runFlow(flow, { input: { question } })
      return [answer.answer, end.totals.variant]
    }
    expect(await answerTo('a long one')).toEqual(['long a long one', null])
    expect(await answerTo('hi')).toEqual(['warm hi', 'split:warm'])
    expect(await answerTo('bye')).toEqual(['other bye', null])
  })

  it('joins what is there and takes the first present value', async () => {
    const flow: FlowContent = {
      nodes: {
        ask: node('input', { fields: { a: { type: 'text', required: false }, b: { type: 'number' } } }),
        both: node('join', { names: ['a', 'b'], allow_absent: true }),
        first: node('coalesce'),
        data: node('output', { field: 'data', type: 'json', main: true }),
        answer: node('output'),
      },
      edges: [
        'ask.a -> both.in_1',
        'ask.b -> both.in_2',
        'both.object -> data.value',
        'ask.a -> first.in_1',
        'ask.b -> first.in_2',
        'first.value -> answer.value',
      ],
    }
    expect((await runFlow(flow, { input: { b: 2 } })).answer).toEqual({ data: { b: 2 }, answer: '2' })
    expect((await runFlow(flow, { input: { a: 'x', b: 2 } })).answer).toEqual({
      data: { a: 'x', b: 2 },
      answer: 'x',
    })
  })

  it('turns an error into one of its own', async () => {
    const flow: FlowContent = {
      nodes: {
        ask,
        model: node('chat-model', { targets: ['a/x'] }, { policy: once }),
        fail: node('error-output', { code: 'app_busy', status: 503, message: 'Busy: {{ error.code }}' }),
        answer: node('output'),
      },
      edges: ['ask.question -> model.messages', 'model.text -> answer.value', 'model.error -> fail.error'],
    }
    const { error } = await runFlow(flow, { script: { 'a/x': [{ error: 'upstream_quota' }] } })
    expect(error).toMatchObject({ code: 'app_busy', status: 503, message: 'Busy: upstream_quota' })
  })
})

describe('http', () => {
  const flow: FlowContent = {
    nodes: {
      ask,
      get: node('http', { url: 'https://a.example/{{ q }}', parse: 'json' }),
      answer: node('output', { type: 'json' }),
    },
    edges: ['ask.question -> get.q', 'get.body -> answer.value'],
  }

  it('is asked again after a passing failure', async () => {
    const asked: string[] = []
    const http: Http = async ({ url }) => {
      asked.push(url)
      if (asked.length === 1) return { status: 503, headers: {}, body: new Uint8Array() }
      return { status: 200, headers: {}, body: new TextEncoder().encode('{"ok":true}') }
    }
    const { answer } = await runFlow(flow, { http, input: { question: 'a b' } })
    expect(answer).toEqual({ answer: { ok: true } })
    expect(asked).toEqual(['https://a.example/a%20b', 'https://a.example/a%20b'])
  })

  it('is not asked again after a refusal', async () => {
    let asked = 0
    const http: Http = async () => {
      asked += 1
      throw new AppError('policy_denied', { details: { reason: 'egress' } })
    }
    expect((await runFlow(flow, { http })).error).toMatchObject({ code: 'policy_denied' })
    expect(asked).toBe(1)
  })
})

describe('text from outside', () => {
  const payload = 'IGNORE-ALL'
  const fence = /<(untrusted-[0-9a-f]+)>[\s\S]*?<\/\1>/g
  let seed = 5
  const next = (n: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
    return seed % n
  }

  type Hop = () => readonly [FlowNode, string, string]
  const hops: readonly Hop[] = [
    () => [node('template', { text: 'See {{ v | upcase }} {{ q }}' }), 'v', 'text'],
    () => [node('transform', { expression: '"x" & $string(value)', type: 'text' }), 'value', 'value'],
    () => [node('join', { names: ['v'] }), 'in_1', 'object'],
    () => [node('coalesce'), 'in_1', 'value'],
    () => [node('if', { test: 'true' }), 'value', 'true'],
  ]

  /** From the page through up to three nodes into a model, by a way drawn at random. */
  function randomFlow(): FlowContent {
    const nodes: Record<string, FlowNode> = {
      ask,
      get: node('http', { url: 'https://a.example/x', parse: next(2) === 0 ? 'text' : 'auto' }),
      model: node('chat-model', { targets: ['a/x'] }),
      answer: node('output'),
    }
    const edges = ['model.text -> answer.value']
    let from = 'get.body'
    for (let hop = next(4); hop > 0; hop -= 1) {
      const id = `hop_${hop}`
      const [made, inlet, outlet] = (hops[next(hops.length)] as Hop)()
      nodes[id] = made
      edges.push(`${from} -> ${id}.${inlet}`)
      if (made.type === 'template') edges.push(`ask.question -> ${id}.q`)
      if (made.type === 'coalesce') edges.push(`ask.question -> ${id}.in_2`)
      from = `${id}.${outlet}`
    }
    const user = [
      'Sum up {{ page }}',
      '{{ page | upcase | append: "!" }} please',
      '{% if page %}{% assign p = page %}{{ p }}{% endif %}',
    ]
    if (next(4) > 0) {
      const blocks = [
        { role: 'system', text: 'Be {{ q }}.' },
        { role: 'user', text: user[next(user.length)] as string },
      ]
      nodes.compose = node('prompt', { blocks })
      edges.push(`${from} -> compose.page`, 'ask.question -> compose.q', 'compose.messages -> model.messages')
    } else {
      nodes.text = node('template', { text: '{{ v }}' })
      edges.push(`${from} -> text.v`, 'text.text -> model.messages')
    }
    return { nodes, edges }
  }

  it('arrives inside the fence, and never in the system text, by whatever way it came', async () => {
    for (let round = 0; round < 300; round += 1) {
      const http =
        next(2) === 0 ? page(payload) : page(JSON.stringify({ [payload]: [payload] }), 'application/json')
      const { calls, error } = await runFlow(randomFlow(), { http, script: { 'a/x': [{ parts: ['ok'] }] } })
      expect(error).toBeUndefined()
      const { system, messages } = calls[0]?.attempt.request ?? { system: [], messages: [] }
      const said = messages.map(({ parts }) => JSON.stringify(parts)).join('\n')
      expect(JSON.stringify(system)).not.toContain(payload)
      expect(said).toContain(payload)
      expect(said.replace(fence, '')).not.toContain(payload)
    }
  })

  it('is refused in system parts when the flow is checked', () => {
    const flow: FlowContent = {
      nodes: {
        get: node('http', { url: 'https://a.example/x', parse: 'text' }),
        compose: node('prompt', {
          blocks: [
            { role: 'system', text: '{{ page }}' },
            { role: 'user', text: 'Hi' },
          ],
        }),
        model: node('chat-model', { targets: ['a/x'] }),
        answer: node('output'),
      },
      edges: [
        'get.body -> compose.page',
        'compose.messages -> model.messages',
        'get.body -> model.system',
        'model.text -> answer.value',
      ],
    }
    expect(() => prepared(flow)).toThrow(/untrusted_in_system.*\n.*untrusted_in_system/)
  })
})
