import { describe, expect, it } from 'vitest'
import type { StreamEvent } from '#shared/model/chat.ts'
import type { RunEvent, StepRecord } from '#shared/run/events.ts'
import { ask, failing, fixed, join, model, out, pick, run, slow, start } from '../../test/flows/kit.ts'
import { type Reply, scriptedModels, usageOf } from '../../test/scripted-models.ts'
import type { Ledger } from './effects.ts'

type Policy = NonNullable<Parameters<typeof model>[1]>['policy']
const ok: Reply = { parts: ['fine'] }

function one(targets: string | readonly string[], policy: Policy = {}, config: object = {}) {
  return {
    nodes: { ask, bot: model(targets, { policy: policy as object, config: config as never }), answer: out() },
    edges: ['ask.question -> bot.text', 'bot.text -> answer.value'],
  }
}

function record({ events }: { readonly events: readonly RunEvent[] }, node = 'bot'): StepRecord {
  for (const event of events)
    if (event.type === 'step-settled' && event.record.node === node) return event.record
  throw new Error(`${node} did not settle`)
}

describe('retries of a model call', () => {
  const rate: Reply = { error: 'upstream_rate_limited' }

  it.each([
    ['back off exponentially', { tries: 4, backoffMs: 100 }, [rate, rate, rate, ok], [0, 100, 300, 700]],
    [
      'up to a longest pause',
      { tries: 4, backoffMs: 100, maxBackoffMs: 150 },
      [rate, rate, rate, ok],
      [0, 100, 250, 400],
    ],
    ['obey Retry-After', { tries: 2 }, [{ ...rate, retryAfterMs: 3_000 }, ok], [0, 3_000]],
    ['also when it is shorter', { tries: 2 }, [{ ...rate, retryAfterMs: 20 }, ok], [0, 20]],
    [
      'stop when Retry-After is longer than the longest pause',
      { tries: 3 },
      [{ ...rate, retryAfterMs: 8_001 }, ok],
      [0],
    ],
    ['stop after the last try', { tries: 3, backoffMs: 100 }, [rate, rate, rate, ok], [0, 100, 300]],
    [
      'stop when the vendor says that it is of no use',
      { tries: 3 },
      [{ ...rate, retryable: false }, ok],
      [0],
    ],
    [
      'stop at an open breaker',
      { tries: 3 },
      [{ error: 'upstream_unavailable', reason: 'breaker_open' }, ok],
      [0],
    ],
    ['are only for the codes that the policy names', { tries: 3 }, [{ error: 'upstream_auth' }, ok], [0]],
    [
      'are for other codes where it does',
      { tries: 3, on: ['upstream_auth'], backoffMs: 10 },
      [{ error: 'upstream_auth' }, ok],
      [0, 10],
    ],
    [
      'are for a whole group',
      { tries: 2, on: ['provider'], backoffMs: 10 },
      [{ error: 'upstream_quota' }, ok],
      [0, 10],
    ],
  ] as const)('%s', async (_name, retry, replies, times) => {
    for (const stream of [false, true]) {
      const started = await run(one('m', { retry: retry as object }), {
        script: { m: replies as readonly Reply[] },
        stream,
      })
      expect(started.models.calls.map((call) => call.at)).toEqual(times)
      expect(record(started).attempts.map((attempt) => attempt.waitedMs)).toEqual(
        times.map((at, index) => at - (times[index - 1] ?? 0)),
      )
    }
  })

  it('vary their pauses by half, the same for the same seed', async () => {
    const policy = { retry: { tries: 2, backoffMs: 1_000, jitter: true } }
    const pauses = await Promise.all(
      [1, 2, 3, 4, 1].map(
        async (seed) =>
          (await run(one('m', policy), { script: { m: [rate, ok] }, seed })).models.calls[1]?.at ?? 0,
      ),
    )
    for (const pause of pauses) expect(pause).toSatisfy((ms: number) => ms >= 500 && ms <= 1_000)
    expect(new Set(pauses).size).toBe(4)
    expect(pauses[4]).toBe(pauses[0])
  })

  it('end with the step when its time is up', async () => {
    const started = await run(one('m', { timeoutMs: 250, retry: { tries: 5, backoffMs: 200 } }), {
      script: { m: [rate] },
    })
    expect(started.end()).toMatchObject({ error: { code: 'upstream_timeout', node: 'bot' } })
    expect(started.times.at(-1)).toBe(250)
    expect(started.models.calls).toHaveLength(2)
    expect(started.clock.waiting).toBe(0)
  })

  it('are recorded with times, codes and pauses', async () => {
    const started = await run(one('m', { retry: { backoffMs: 100 } }), {
      script: {
        m: [
          { ...rate, afterMs: 30 },
          { ...ok, afterMs: 20 },
        ],
      },
    })
    expect(record(started).attempts).toEqual([
      { target: 'm', atMs: 0, ms: 30, code: 'upstream_rate_limited', waitedMs: 0 },
      { target: 'm', atMs: 130, ms: 20, code: null, waitedMs: 100 },
    ])
  })
})

describe('targets in order', () => {
  it('the next one takes over on a code in advance_on, each with its own retries', async () => {
    const script = {
      a: [{ error: 'upstream_unavailable' }],
      b: [{ error: 'upstream_auth' }],
      c: [ok],
    } as const
    for (const stream of [false, true]) {
      const started = await run(one(['a', 'b', 'c']), { script, stream })
      expect(started.models.calls.map((call) => call.target)).toEqual(['a', 'a', 'b', 'c'])
      expect(started.lines().filter((line) => line.startsWith('switch'))).toEqual([
        'switch bot a>b upstream_unavailable',
        'switch bot b>c upstream_auth',
      ])
      expect(started.end().totals).toMatchObject({ servedBy: 'c', attempts: 4, modelCalls: 1 })
    }
  })

  it('no other takes over on a code that is not in it', async () => {
    const script = { a: [{ error: 'context_too_long' }], b: [ok] } as const
    expect((await run(one(['a', 'b']), { script })).end()).toMatchObject({
      error: { code: 'context_too_long' },
    })
    const wide = await run(one(['a', 'b'], {}, { advanceOn: ['any'] }), { script })
    expect(wide.end().answer).toEqual({ answer: 'fine' })
  })

  it('an answer that the node refuses counts as that attempt failing, and its cost still counts', async () => {
    const empty: Reply = { parts: [], usage: usageOf(100, 0) }
    for (const stream of [false, true]) {
      const started = await run(one(['a', 'b'], { retry: { tries: 2 } }), {
        stream,
        models: (clock) => scriptedModels(clock, { a: [empty], b: [ok] }, { price: 0.01 }),
      })
      expect(started.models.calls.map((call) => call.target)).toEqual(['a', 'a', 'b'])
      expect(started.end().totals).toMatchObject({ modelCalls: 3, costUsd: 2.11 })
      expect(record(started).attempts.map((attempt) => attempt.code)).toEqual([
        'upstream_bad_response',
        'upstream_bad_response',
        null,
      ])
    }
  })

  it('after the first part nobody takes over', async () => {
    const cut = { parts: ['ha'], error: 'upstream_unavailable' } as const
    const started = await run(one(['a', 'b']), { script: { a: [cut], b: [ok] }, stream: true })
    expect(started.models.calls.map((call) => call.target)).toEqual(['a'])
    expect(started.end()).toMatchObject({ error: { code: 'upstream_unavailable', node: 'bot' } })
  })
})

describe('attempt budgets', () => {
  const down: Reply = { error: 'upstream_unavailable' }

  it('hold over targets and retries of a step: the last error stands', async () => {
    const policy = { retry: { tries: 5, backoffMs: 1 } }
    const started = await run(one(['a', 'b', 'c'], policy), {
      script: { a: [down], b: [down], c: [ok] },
      limits: { stepAttempts: 7 },
    })
    expect(started.models.calls.map((call) => call.target).join('')).toBe('aaaaabb')
    expect(started.end()).toMatchObject({ error: { code: 'upstream_unavailable' }, totals: { attempts: 7 } })
  })

  it('hold over all steps of a run', async () => {
    const nodes = Object.fromEntries(
      [1, 2, 3].map((k) => [`t${k}`, model(`t${k}`, { policy: { retry: { tries: 3, backoffMs: 1 } } })]),
    )
    const started = await run(
      {
        nodes: { ask, ...nodes, pick: pick(3, { advanceOn: ['any'] }), answer: out() },
        edges: [
          ...[1, 2, 3].flatMap((k) => [`ask.question -> t${k}.text`, `t${k}.text -> pick.try_${k}`]),
          'pick.value -> answer.value',
        ],
      },
      { script: { t1: [down], t2: [down], t3: [ok] }, limits: { runAttempts: 5 } },
    )
    expect(started.models.calls.map((call) => call.target)).toEqual(['t1', 't1', 't1', 't2', 't2'])
    expect(started.end()).toMatchObject({ error: { code: 'loop_limit', details: { reason: 'attempts' } } })
  })
})

describe('what is known of a target', () => {
  const facts = (known: object) => (clock: Parameters<typeof scriptedModels>[0]) =>
    scriptedModels(clock, { 'x/a': [ok], 'y/b': [ok] }, { facts: { 'x/a': known, 'y/b': { local: true } } })

  it('refuses what cannot fit its window without a call', async () => {
    const input = { question: 'word '.repeat(2_000) }
    const long = await run(one('x/a'), { models: facts({ context: 1_000 }), input })
    expect(long.models.calls).toHaveLength(0)
    expect(long.end()).toMatchObject({
      error: { code: 'context_too_long', connection: 'x', model: 'a' },
      totals: { attempts: 0 },
    })
    expect((await run(one('x/a'), { models: facts({ context: 2_100 }), input })).models.calls).toHaveLength(1)
    expect((await run(one('x/a'), { models: facts({ context: null }), input })).models.calls).toHaveLength(1)
  })

  it('keeps local-only values from remote targets', async () => {
    const flow = one(['x/a', 'y/b'])
    const locked = { ...flow, nodes: { ...flow.nodes, bot: { ...flow.nodes.bot, localOnly: true } } }
    const remote = await run(locked, { models: facts({}) })
    expect(remote.end()).toMatchObject({
      error: { code: 'policy_denied', details: { reason: 'local_only' } },
    })
    expect(remote.models.calls).toHaveLength(0)
    const unknown = await run(locked, { script: { 'x/a': [ok] } })
    expect(unknown.end()).toMatchObject({ error: { code: 'policy_denied' } })
    expect((await run(locked, { models: facts({ local: true }) })).end().answer).toEqual({ answer: 'fine' })
  })
})

describe('the cost limit of a run', () => {
  const priced =
    (price: number | null, maxOutput: number | null = 50) =>
    (clock: Parameters<typeof scriptedModels>[0]) =>
      scriptedModels(
        clock,
        { 'x/a': [{ parts: ['fine'], usage: usageOf(10, 10) }] },
        { price, facts: { 'x/a': { maxOutput } } },
      )
  const input = { question: 'x'.repeat(30) }

  it('refuses the call that could pass it, before it is made', async () => {
    // 10 tokens of text and 4 of the message in, 50 out, a cent each.
    const under = await run(one('x/a'), { models: priced(0.01), input, limits: { maxCostUsd: 0.64 } })
    expect(under.end()).toMatchObject({ type: 'run-finished', totals: { costUsd: 0.2 } })
    const over = await run(one('x/a'), { models: priced(0.01), input, limits: { maxCostUsd: 0.63 } })
    expect(over.end()).toMatchObject({ error: { code: 'cost_cap_reached', node: 'bot' } })
    expect(over.models.calls).toHaveLength(0)
  })

  it('counts what max_tokens allows rather than what the model could', async () => {
    const started = await run(one('x/a', {}, { maxTokens: 5 }), {
      models: priced(0.01),
      input,
      limits: { maxCostUsd: 0.2 },
    })
    expect(started.models.calls).toHaveLength(1)
  })

  it('is an error where a price is not known', async () => {
    const started = await run(one('x/a'), { models: priced(null), input, limits: { maxCostUsd: 1 } })
    expect(started.end()).toMatchObject({
      error: { code: 'budget_exceeded', details: { reason: 'price_unknown' } },
    })
    expect(started.models.calls).toHaveLength(0)
    const free = await run(one('x/a'), { models: priced(null), input })
    expect(free.end()).toMatchObject({ type: 'run-finished', totals: { costUsd: null } })
  })

  it('frees what was reserved for more than was used, and lets no two calls at once pass it', async () => {
    const flow = (edge: string) => ({
      nodes: {
        ask,
        a: model('x/a', { config: { maxTokens: 10 } }),
        b: model('x/a', { config: { maxTokens: 10 } }),
        all: join('a', 'b'),
        answer: out('answer', { type: 'json' }),
      },
      edges: [
        'ask.question -> a.text',
        edge,
        'a.text -> all.a',
        'b.text -> all.b',
        'all.all -> answer.value',
      ],
    })
    const limits = { maxCostUsd: 0.45 }
    const models = priced(0.01)
    const both = await run(flow('ask.question -> b.text'), { models, input, limits })
    expect(both.end()).toMatchObject({ error: { code: 'cost_cap_reached' } })
    expect(both.models.calls).toHaveLength(1)
    const inTurn = await run(flow('a.text -> b.text'), { models, input, limits })
    expect(inTurn.end()).toMatchObject({ type: 'run-finished', totals: { costUsd: 0.4 } })
  })

  it('leaves the cheap way to a fallback that says so', async () => {
    const started = await run(
      {
        nodes: {
          ask,
          dear: model('x/a'),
          cheap: fixed('cheap'),
          pick: pick(2, { advanceOn: ['cost_cap_reached'] }),
          answer: out(),
        },
        edges: [
          'ask.question -> dear.text',
          'dear.text -> pick.try_1',
          'cheap.text -> pick.try_2',
          'pick.value -> answer.value',
        ],
      },
      { models: priced(1), input, limits: { maxCostUsd: 0.5 } },
    )
    expect(started.end().answer).toEqual({ answer: 'cheap' })
  })
})

describe('budgets outside of the run', () => {
  function ledger(): Ledger & { readonly entries: string[] } {
    const entries: string[] = []
    return {
      entries,
      reserve: ({ tokens, costUsd }) => {
        entries.push(`reserve ${tokens} ${costUsd}`)
        return { settle: (actual) => void entries.push(`settle ${actual.tokens} ${actual.costUsd}`) }
      },
    }
  }
  const priced = (reply: Reply) => (clock: Parameters<typeof scriptedModels>[0]) =>
    scriptedModels(clock, { m: [reply] }, { price: 1 })
  const input = { question: 'x'.repeat(30) }
  const reserved = 'reserve 19 19'

  it.each([
    ['what was used', { parts: ['a', 'b'], usage: usageOf(3, 2) }, 'settle 5 5'],
    ['nothing when the vendor did no work', { error: 'upstream_auth' }, 'settle 0 0'],
    ['as reserved when nobody knows', { error: 'upstream_timeout' }, 'settle null null'],
    [
      'as reserved when the answer does not tell',
      {
        parts: ['a'],
        usage: { input: null, cacheRead: null, cacheWrite: null, output: null, reasoning: null },
      },
      'settle null null',
    ],
  ] as const)('settle %s', async (_name, reply, settled) => {
    for (const stream of [false, true]) {
      const book = ledger()
      await run(one('m', { retry: { tries: 1 } }, { maxTokens: 5 }), {
        models: priced(reply),
        ledger: book,
        input,
        stream,
      })
      expect(book.entries).toEqual([reserved, settled])
    }
  })

  it('settle a cut stream by what it had told', async () => {
    const book = ledger()
    const started = await run(one('m', {}, { maxTokens: 5 }), {
      models: priced({
        parts: ['a', 'b'],
        everyMs: 5,
        usage: usageOf(4, 1),
        usageAtFirst: true,
        error: 'upstream_bad_response',
      }),
      ledger: book,
      input,
      stream: true,
    })
    expect(book.entries).toEqual([reserved, 'settle 5 5'])
    expect(started.end().totals).toMatchObject({ modelCalls: 1, costUsd: 5 })
  })

  it('settle as reserved what was aborted', async () => {
    const book = ledger()
    await run(one('m', {}, { maxTokens: 5 }), {
      models: priced({ hang: true }),
      ledger: book,
      input,
      limits: { timeoutMs: 50 },
    })
    expect(book.entries).toEqual([reserved, 'settle null null'])
  })

  it('keep a call that they refuse from being made', async () => {
    const { AppError } = await import('#shared/errors.ts')
    const refusing: Ledger = {
      reserve: () => {
        throw new AppError('token_limited')
      },
    }
    const started = await run(one('m'), { script: { m: [ok] }, ledger: refusing })
    expect(started.end()).toMatchObject({ error: { code: 'token_limited' } })
    expect(started.models.calls).toHaveLength(0)
  })
})

describe('what a model step leaves behind', () => {
  it('usage, cost, model, finish and time of the first token, whole and streamed', async () => {
    for (const stream of [false, true]) {
      const started = await run(one('m'), {
        stream,
        models: (clock) =>
          scriptedModels(
            clock,
            {
              m: [
                {
                  parts: ['a', 'b'],
                  afterMs: 12,
                  everyMs: 5,
                  usage: usageOf(3, 2),
                  warnings: [{ code: 'left_out', message: 'top_k' }],
                },
              ],
            },
            { price: 0.5 },
          ),
      })
      expect(record(started).models).toEqual([
        { target: 'm', model: 'm', usage: usageOf(3, 2), costUsd: 2.5, firstTokenMs: 12, finish: 'stop' },
      ])
      expect(started.events.filter((event) => event.type === 'usage')).toEqual([
        { type: 'usage', usage: usageOf(3, 2), costUsd: 2.5 },
      ])
      expect(started.end().totals.warnings).toEqual([{ code: 'left_out', message: 'top_k', node: 'bot' }])
    }
  })

  it('the limits to parts go to the transport; the default one not for whole answers', async () => {
    const limitsOf = async (policy: object, stream: boolean) => {
      const { attempt } = (await run(one('m', policy), { script: { m: [ok] }, stream })).models.calls[0] ?? {}
      return [attempt?.firstTokenMs, attempt?.idleMs]
    }
    expect(await limitsOf({}, true)).toEqual([20_000, 30_000])
    expect(await limitsOf({}, false)).toEqual([null, 30_000])
    expect(await limitsOf({ firstTokenMs: 300, idleMs: 400 }, false)).toEqual([300, 400])
    expect(await limitsOf({ firstTokenMs: 300, idleMs: 400 }, true)).toEqual([300, 400])
  })

  it('a slow first token is a failure that can be repeated', async () => {
    const script = { m: [{ parts: ['late'], afterMs: 500 }, ok] }
    const started = await run(one('m', { firstTokenMs: 300, retry: { backoffMs: 100 } }), {
      script,
      stream: true,
    })
    expect(started.end().answer).toEqual({ answer: 'fine' })
    expect(started.models.calls.map((call) => call.at)).toEqual([0, 400])
  })
})

describe('a stream that begins with something else than text', () => {
  const usage = usageOf(1, 1)
  const call: StreamEvent[] = [
    { type: 'start', id: 'i', model: 'm', created: 1 },
    { type: 'part-start', index: 0, part: 'tool-call', id: 'c', name: 'look' },
    { type: 'args-delta', index: 0, text: '{}' },
    { type: 'part-end', index: 0 },
    { type: 'part-start', index: 1, part: 'text' },
    { type: 'text-delta', index: 1, text: 'then text' },
    { type: 'part-end', index: 1 },
    { type: 'finish', finish: { reason: 'stop', raw: null }, usage },
  ]

  it('gives its text when it comes', async () => {
    const started = await run(one('m'), { script: { m: [{ events: call }] }, stream: true })
    expect(started.end().answer).toEqual({ answer: 'then text' })
  })

  it('reasoning alone does not settle it: a failure then is still repeated', async () => {
    const thinking: StreamEvent[] = [
      { type: 'start', id: 'i', model: 'm', created: 1 },
      { type: 'part-start', index: 0, part: 'reasoning' },
      { type: 'reasoning-delta', index: 0, text: 'hm' },
    ]
    const started = await run(one('m'), {
      script: { m: [{ events: thinking, error: 'upstream_unavailable' }, ok] },
      stream: true,
    })
    expect(started.end().answer).toEqual({ answer: 'fine' })
    expect(started.models.calls).toHaveLength(2)
  })
})

describe('abort', () => {
  const waits: Readonly<
    Record<
      string,
      {
        readonly flow: Parameters<typeof start>[0]
        readonly script?: Readonly<Record<string, readonly Reply[]>>
        readonly stream?: boolean
      }
    >
  > = {
    'a whole model call': { flow: one('m'), script: { m: [{ hang: true }] } },
    'a stream before its first part': { flow: one('m'), script: { m: [{ hang: true }] }, stream: true },
    'a stream in the middle': {
      flow: one('m'),
      script: { m: [{ parts: ['a', 'b'], everyMs: 10_000 }] },
      stream: true,
    },
    'a pause before a retry': {
      flow: one('m', { retry: { backoffMs: 5_000 } }),
      script: { m: [{ error: 'upstream_unavailable' }] },
    },
    'a node that waits on its own': {
      flow: {
        nodes: { ask, nap: slow(10_000), answer: out() },
        edges: ['ask.question -> nap.text', 'nap.text -> answer.value'],
      },
    },
    'a pause before a step is repeated': {
      flow: {
        nodes: {
          ask,
          bad: failing('upstream_unavailable', { policy: { retry: { tries: 3, backoffMs: 5_000 } } }),
          answer: out(),
        },
        edges: ['ask.question -> bad.value', 'bad.text -> answer.value'],
      },
    },
  }

  it.each(Object.keys(waits))('reaches %s at once and leaves no timer of ours', async (name) => {
    const { AppError } = await import('#shared/errors.ts')
    const { flow, script = {}, stream = false } = waits[name] as NonNullable<(typeof waits)[string]>
    const started = start(flow, { script, stream })
    await started.clock.advance(100)
    started.handle.abort(new AppError('cancelled'))
    expect(started.lines().at(-1)).toBe('run failed cancelled')
    for (const call of started.models.calls) {
      const ended = call.attempt.signal.aborted
      expect(ended || call.abortedAt === null).toBe(true)
      if (name.includes('model') || name.includes('stream')) expect(call.abortedAt).toBe(100)
    }
    const count = started.events.length
    const own = name === 'a node that waits on its own' ? 1 : 0
    expect(started.clock.waiting).toBe(own)
    await started.clock.advance(60_000)
    expect(started.events).toHaveLength(count)
  })
})
