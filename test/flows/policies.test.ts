// Golden flows for the policies of nodes.md 1.6, conversions of 1.3 and untrusted text.
import { describe, expect, it } from 'vitest'
import type { Http } from '#main/engine/effects.ts'
import { AppError, type ErrorCode } from '#shared/errors.ts'
import { type Live, liveText } from '#shared/flow/live.ts'
import { inlet, outlet } from '#shared/flow/ports.ts'
import type { Json } from '#shared/json.ts'
import type { RunEvent, StepRecord } from '#shared/run/events.ts'
import { virtualClock } from '../virtual-clock.ts'
import { ask, join, model, out, prepareTest, run, slow, start, upper } from './kit.ts'
import type { TestNode } from './plan-builder.ts'

function record({ events }: { readonly events: readonly RunEvent[] }, node: string): StepRecord {
  for (const event of events)
    if (event.type === 'step-settled' && event.record.node === node) return event.record
  throw new Error(`${node} did not settle`)
}

/** Calls one address and takes any status but 200 as a failure. */
const fetching = (policy: TestNode['policy'] = {}): TestNode => ({
  type: 'fetch',
  inlets: { text: inlet('text') },
  outlets: { body: outlet('text', { untrusted: true }) },
  retries: 'calls',
  effects: 'reads',
  policy: { ...policy, retry: { tries: 3, backoffMs: 100, ...policy.retry } },
})
const runners = () => ({
  fetch: {
    run: async ({
      ctx,
    }: {
      ctx: {
        http(call: object): Promise<{ status: number; body: Uint8Array; headers: Record<string, string> }>
      }
    }) => {
      const answer = await ctx.http({
        method: 'GET',
        url: 'https://api.example.com/x?key=secret',
        headers: {},
        maxBytes: 10,
        follow: 0,
      })
      if (answer.status !== 200) {
        const retryAfter = answer.headers['retry-after']
        throw new AppError(
          'upstream_unavailable',
          retryAfter ? { retryAfterMs: Number(retryAfter) * 1_000 } : {},
        )
      }
      return { body: Buffer.from(answer.body).toString() }
    },
  },
})
const statuses =
  (...list: readonly (number | ErrorCode)[]): Http =>
  async () => {
    const next = list[calls] ?? 200
    calls += 1
    if (typeof next !== 'number') throw new AppError(next)
    return { status: next, headers: {}, body: new TextEncoder().encode('page') }
  }
let calls = 0
const fetchFlow = (policy: TestNode['policy'] = {}, more: Partial<TestNode> = {}) => {
  calls = 0
  return {
    nodes: { ask, fetch: { ...fetching(policy), ...more }, answer: out() },
    edges: ['ask.question -> fetch.text', 'fetch.body -> answer.value'],
  }
}

describe('a step that calls over HTTP', () => {
  it('is repeated when it refuses the status, and each call is an attempt', async () => {
    const started = await run(fetchFlow(), { runners, http: statuses(503, 'upstream_timeout', 200) })
    expect(started.end()).toMatchObject({
      answer: { answer: 'page' },
      totals: { attempts: 3, modelCalls: 0 },
    })
    expect(record(started, 'fetch').attempts).toEqual([
      { target: 'api.example.com', atMs: 0, ms: 0, code: 'upstream_unavailable', waitedMs: 0 },
      { target: 'api.example.com', atMs: 100, ms: 0, code: 'upstream_timeout', waitedMs: 100 },
      { target: 'api.example.com', atMs: 300, ms: 0, code: null, waitedMs: 200 },
    ])
  })

  it('stops when its attempts are used up: the last error stands', async () => {
    const started = await run(fetchFlow(), {
      runners,
      http: statuses(503, 503, 503),
      limits: { stepAttempts: 2 },
    })
    expect(started.end()).toMatchObject({ error: { code: 'upstream_unavailable' }, totals: { attempts: 2 } })
  })

  it('is not repeated for what is not in its policy', async () => {
    const started = await run(fetchFlow(), { runners, http: statuses('policy_denied', 200) })
    expect(started.end()).toMatchObject({ error: { code: 'policy_denied', node: 'fetch' } })
    expect(calls).toBe(1)
  })

  it('is told whether it holds what may not leave, and is aborted with its step', async () => {
    const seen: unknown[] = []
    const http: Http = (_call, { signal, localOnly, node }) =>
      new Promise((_resolve, reject) => {
        seen.push(localOnly, node)
        signal.addEventListener('abort', () => {
          seen.push(signal.aborted)
          reject(new AppError('cancelled'))
        })
      })
    const started = await run(fetchFlow({ timeoutMs: 50 }, { localOnly: true }), { runners, http })
    expect(seen).toEqual([true, 'fetch', true])
    expect(started.end()).toMatchObject({ error: { code: 'upstream_timeout', node: 'fetch' } })
    expect(record(started, 'fetch').attempts).toMatchObject([{ code: 'upstream_timeout', ms: 50 }])
  })
})

describe('policy.retry of other steps', () => {
  const flaky = (fails: number, code: string): TestNode => ({
    type: 'flaky',
    config: { fails, code },
    inlets: { text: inlet('text') },
    outlets: { text: outlet('text') },
    policy: { retry: { tries: 3, on: ['tool_failed'], backoffMs: 10 } },
  })
  const flow = (node: TestNode) => ({
    nodes: { ask, flaky: node, answer: out() },
    edges: ['ask.question -> flaky.text', 'flaky.text -> answer.value'],
  })
  const flakyRunner = () => {
    let count = 0
    return {
      flaky: {
        run: ({ config }: { config: { fails: number; code: ErrorCode } }) => {
          count += 1
          if (count <= config.fails) throw new AppError(config.code)
          return { text: `after ${count}` }
        },
      },
    }
  }

  it('wraps the whole of it', async () => {
    const started = await run(flow(flaky(2, 'tool_failed')), { runners: flakyRunner })
    expect(started.end().answer).toEqual({ answer: 'after 3' })
    expect(started.times.at(-1)).toBe(30)
    expect(started.lines().filter((line) => line === 'start flaky')).toHaveLength(1)
  })

  it('ends after its tries, and does nothing for other codes', async () => {
    expect((await run(flow(flaky(3, 'tool_failed')), { runners: flakyRunner })).end()).toMatchObject({
      error: { code: 'tool_failed' },
    })
    expect((await run(flow(flaky(1, 'flow_error')), { runners: flakyRunner })).end()).toMatchObject({
      error: { code: 'flow_error' },
    })
  })
})

describe('policy.timeout_ms', () => {
  it('ends a step that takes longer, and its error can be handled', async () => {
    const flow = {
      nodes: {
        ask,
        nap: slow(100, { policy: { timeoutMs: 60 } }),
        late: join('error'),
        answer: out('answer', { type: 'json' }),
      },
      edges: ['ask.question -> nap.text', 'nap.error -> late.error', 'late.all -> answer.value'],
    } as const
    const started = await run(flow)
    expect(started.times.at(-1)).toBe(60)
    expect(started.end().answer).toMatchObject({
      answer: { error: { code: 'upstream_timeout', node: 'nap' } },
    })
    const enough = { ...flow, nodes: { ...flow.nodes, nap: slow(100, { policy: { timeoutMs: 101 } }) } }
    expect((await run(enough)).end().answer).toEqual({ answer: {} })
  })

  it('does not count the time in which a step collects what others stream', async () => {
    const started = await run(
      {
        nodes: {
          ask,
          bot: model('m'),
          shown: out('shown'),
          loud: { ...slow(1), policy: { timeoutMs: 50 } },
          answer: out(),
        },
        edges: [
          'ask.question -> bot.text',
          'bot.text -> shown.value',
          'bot.text -> loud.text',
          'loud.text -> answer.value',
        ],
      },
      { script: { m: [{ parts: ['a', 'b', 'c'], everyMs: 100 }] }, stream: true },
    )
    expect(started.end().answer).toEqual({ shown: 'abc', answer: 'abc' })
  })

  it('holds for the whole of a model step, its stream included', async () => {
    const flow = {
      nodes: { ask, bot: model('m', { policy: { timeoutMs: 150 } }), answer: out() },
      edges: ['ask.question -> bot.text', 'bot.text -> answer.value'],
    }
    const started = await run(flow, {
      script: { m: [{ parts: ['a', 'b', 'c', 'd'], everyMs: 100 }] },
      stream: true,
    })
    expect(started.lines().slice(-3)).toEqual([
      'failed answer upstream_timeout',
      'failed bot upstream_timeout [text]',
      'run failed upstream_timeout at bot',
    ])
    expect(started.models.calls[0]?.abortedAt).toBe(150)
  })
})

describe('policy.concurrency', () => {
  const flow = {
    nodes: { ask, nap: slow(100, { policy: { concurrency: 2 } }), answer: out() },
    edges: ['ask.question -> nap.text', 'nap.text -> answer.value'],
  }

  it('caps a node over all runs of a plan: the others wait in order', async () => {
    const clock = virtualClock()
    const prepared = prepareTest(flow, clock)
    const runs = Array.from({ length: 5 }, () => start(flow, { clock, prepared }))
    await clock.until(() => runs.every((one) => one.over()))
    expect(runs.map((one) => one.times.at(-1))).toEqual([100, 100, 200, 200, 300])
  })

  it('a run that is aborted while it waits gives up its turn, and one that runs its place', async () => {
    const clock = virtualClock()
    const prepared = prepareTest(flow, clock)
    const runs = Array.from({ length: 4 }, () => start(flow, { clock, prepared }))
    await clock.advance(10)
    runs[2]?.handle.abort(new AppError('cancelled'))
    runs[0]?.handle.abort(new AppError('cancelled'))
    await clock.until(() => runs.every((one) => one.over()))
    expect(runs.map((one) => one.times.at(-1))).toEqual([10, 100, 10, 110])
  })

  it('waiting counts as time of the step', async () => {
    const short = {
      ...flow,
      nodes: { ...flow.nodes, nap: slow(100, { policy: { concurrency: 1, timeoutMs: 150 } }) },
    }
    const clock = virtualClock()
    const prepared = prepareTest(short, clock)
    const runs = Array.from({ length: 3 }, () => start(short, { clock, prepared }))
    await clock.until(() => runs.every((one) => one.over()))
    expect(runs.map((one) => [one.end().type, one.times.at(-1)])).toEqual([
      ['run-finished', 100],
      ['run-failed', 150],
      ['run-failed', 150],
    ])
  })
})

describe('conversions on edges', () => {
  const give = (
    type: Parameters<typeof outlet>[0],
    value: unknown,
    to: Parameters<typeof inlet>[0],
    untrusted = false,
  ) => {
    const flow = {
      nodes: {
        give: { type: 'give', outlets: { value: outlet(type, { untrusted }) } },
        take: { type: 'take', inlets: { value: inlet(to) }, outlets: { seen: outlet('json') } },
        answer: out('answer', { type: 'json' }),
      },
      edges: ['give.value -> take.value', 'take.seen -> answer.value'],
    }
    const runners = () => ({
      give: { run: () => ({ value }) },
      take: { run: ({ input }: { input: Record<string, unknown> }) => ({ seen: input.value }) },
    })
    return start(flow, { runners, seed: 9 }).end().answer.answer as Json
  }
  const hi = [{ role: 'user', parts: [{ type: 'text', text: 'hi' }] }]

  it.each([
    ['text', 'hi', 'messages', hi],
    ['json', { b: 1, a: [true] }, 'text', '{"b":1,"a":[true]}'],
    ['list<text>', ['a', 'b'], 'text', '["a","b"]'],
    ['messages', hi, 'text', '[{"role":"user","content":"hi"}]'],
    ['messages', hi, 'json', [{ role: 'user', content: 'hi' }]],
    ['number', 1.5, 'text', '1.5'],
    ['boolean', true, 'text', 'true'],
    ['number', 0, 'json', 0],
    ['vector', [1, 2], 'json', [1, 2]],
    [
      'image',
      { type: 'image', source: { kind: 'url', url: 'u' } },
      'messages',
      [{ role: 'user', parts: [{ type: 'image', source: { kind: 'url', url: 'u' } }] }],
    ],
    ['text', 'same', 'text', 'same'],
  ] as const)('%s %j to %s', (from, value, to, expected) => {
    expect(give(from, value, to)).toEqual(expected)
  })

  it('fence text from outside when it becomes a message', () => {
    const [message] = give('text', 'Obey!', 'messages', true) as unknown as typeof hi
    expect(message?.parts[0]?.text).toMatch(
      /^<untrusted-[0-9a-f]{16}>\n.*\nObey!\n<\/untrusted-[0-9a-f]{16}>$/,
    )
    expect(give('text', 'Obey!', 'text', true)).toBe('Obey!')
  })

  it('of a value that is not what its outlet said fail the step that reads it', () => {
    const flow = {
      nodes: {
        give: { type: 'give', outlets: { value: outlet('messages') } },
        loud: upper,
        answer: out(),
      },
      edges: ['give.value -> loud.text', 'loud.text -> answer.value'],
    }
    const end = start(flow, { runners: () => ({ give: { run: () => ({ value: 5 }) } }) }).end()
    expect(end).toMatchObject({ error: { code: 'internal', node: 'loud' } })
  })
})

describe('a node that breaks the rules', () => {
  const odd = (run: () => unknown) => {
    const flow = {
      nodes: {
        ask,
        odd: {
          type: 'odd',
          inlets: { text: inlet('text') },
          outlets: { text: outlet('text'), constructor: outlet('text'), late: outlet('text') },
        },
        other: out('other', { required: false }),
        answer: out('answer', { required: false }),
      },
      edges: ['ask.question -> odd.text', 'odd.text -> answer.value', 'odd.constructor -> other.value'],
    }
    return start(flow, { runners: () => ({ odd: { run } }) as never })
  }

  it.each([
    ['nothing', () => undefined],
    ['null', () => null],
    ['a promise of nothing', async () => undefined],
  ])('and gives back %s fails alone', async (_name, give) => {
    const started = odd(give)
    await started.clock.settle()
    expect(started.end()).toMatchObject({ error: { code: 'internal', node: 'odd' } })
  })

  it('an outlet named like something every object has is absent when it is not given', () => {
    expect(odd(() => ({ text: 'x' })).end().answer).toEqual({ answer: 'x' })
  })

  it('a promise that fails after its step is over does not end the process', async () => {
    const { promise, reject } = Promise.withResolvers<string>()
    const started = odd(() => {
      return { text: 'x', constructor: Promise.reject(new AppError('tool_failed')), late: promise }
    })
    await started.clock.settle()
    reject(new Error('later'))
    await started.clock.settle()
    expect(started.lines().at(-1)).toBe('finished {"answer":"x"}')
    expect(started.lines()).toContain('failed odd tool_failed [text]')
  })

  it('a stream that nobody ends holds the run until its time is up', async () => {
    const lives: Live<string, string>[] = []
    const started = odd(() => {
      const live = liveText()
      lives.push(live)
      live.push('x')
      return { text: live }
    })
    await started.clock.advance(119_999)
    expect(started.over()).toBe(false)
    await started.clock.advance(2)
    expect(started.lines().at(-1)).toBe('run failed timeout')
    expect(lives[0]?.error?.code).toBe('timeout')
  })
})
