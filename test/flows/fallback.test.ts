// The decision of nodes.md 2: which try runs when, how often the upstream is called, and what the others are shown as.
import { describe, expect, it } from 'vitest'
import type { Reply } from '../scripted-models.ts'
import { ask, failing, fixed, join, model, out, pick, run, type Started, shout, slow, upper } from './kit.ts'

type Kind = 'value' | 'advance' | 'other' | 'absent' | 'slow'
const kinds: readonly Kind[] = ['value', 'advance', 'other', 'absent', 'slow']

const replies: Readonly<Record<Kind, Reply>> = {
  value: { parts: ['an', 'swer'], afterMs: 20, everyMs: 10 },
  advance: { error: 'upstream_auth', afterMs: 20 },
  other: { error: 'context_too_long', afterMs: 20 },
  absent: {},
  slow: { hang: true },
}
const codes = {
  advance: 'upstream_auth',
  other: 'context_too_long',
  absent: 'no_value',
  slow: 'upstream_timeout',
}
const statuses = { value: 'ok', advance: 'failed', other: 'failed', absent: 'skipped', slow: 'aborted' }

/** What nodes.md 2 says, try by try. */
function expected(tries: readonly Kind[], advances: (code: string) => boolean) {
  const calls: number[] = []
  const shown: string[] = []
  let error: string | null = null
  let won = 0
  tries.forEach((kind, at) => {
    const opens = at === 0 || (won === 0 && error !== null && advances(error))
    calls.push(opens && kind !== 'absent' ? 1 : 0)
    shown.push(opens ? statuses[kind] : 'standby')
    if (!opens) return
    if (kind === 'value') won = at + 1
    else error = codes[kind]
  })
  return { calls, shown, result: won > 0 ? `answer ${won}` : String(error) }
}

function observed(started: Started) {
  const targets = ['t1', 't2', 't3']
  const statusOf = (node: string) =>
    started.events.flatMap((event) =>
      event.type === 'step-settled' && event.record.node === node ? [event.record.status] : [],
    )
  const end = started.end()
  return {
    calls: targets.map((target) => started.models.calls.filter((call) => call.target === target).length),
    shown: targets.map((target) => statusOf(target).join('+')),
    result: end.type === 'run-failed' ? end.error.code : `${end.answer.answer} ${end.answer.which}`,
  }
}

function threeTries(tries: readonly Kind[], advanceOn: readonly string[]) {
  const nodes = Object.fromEntries(tries.map((_, at) => [`t${at + 1}`, model(`t${at + 1}`)]))
  return {
    nodes: {
      ask,
      ...nodes,
      pick: pick(3, { advanceOn, firstTokenMs: 100 }),
      which: out('which', { type: 'number', stream: false }),
      answer: out(),
    },
    edges: tries
      .flatMap((kind, at) => [
        `ask.question -> t${at + 1}.text`,
        `t${at + 1}.text -> pick.try_${at + 1}`,
        ...(kind === 'absent' ? [`ask.other -> t${at + 1}.when`] : []),
      ])
      .concat('pick.value -> answer.value', 'pick.which -> which.value'),
  }
}

describe('every mix of value, error in advance_on, other error, absent and slow over three tries', () => {
  const mixes = kinds.flatMap((a) => kinds.flatMap((b) => kinds.map((c) => [a, b, c] as const)))
  const advancing = ['upstream_auth', 'upstream_timeout']

  it.each([
    ['whole', ['provider'], advancing],
    ['streamed', ['provider'], advancing],
    ['whole', ['provider', 'content'], [...advancing, 'no_value']],
    ['streamed', ['provider', 'content'], [...advancing, 'no_value']],
  ] as const)(
    '%s, advancing on %j: calls, result and standby marks are those of the table',
    async (mode, advanceOn, on) => {
      for (const mix of mixes) {
        const script = { t1: [replies[mix[0]]], t2: [replies[mix[1]]], t3: [replies[mix[2]]] }
        const started = await run(threeTries(mix, advanceOn), { script, stream: mode === 'streamed' })
        const wanted = expected(mix, (code) => (on as readonly string[]).includes(code))
        expect({ mix, ...observed(started) }).toEqual({ mix, ...wanted })
        for (const call of started.models.calls) {
          const slow = mix[Number(call.target.slice(1)) - 1] === 'slow'
          expect(call.abortedAt === null).toBe(!slow)
        }
      }
    },
  )
})

const two = (tries: Parameters<typeof pick>[1] = {}, more: object = {}) => ({
  nodes: { ask, fast: model('fast'), local: model('local'), pick: pick(2, tries), answer: out(), ...more },
  edges: [
    'ask.question -> fast.text',
    'ask.question -> local.text',
    'fast.text -> pick.try_1',
    'local.text -> pick.try_2',
    'pick.value -> answer.value',
  ],
})
const ok = { parts: ['fine'], afterMs: 10 }

describe('a fallback', () => {
  it('calls one model while the first is healthy', async () => {
    const { lines, models } = await run(two(), { script: { fast: [ok], local: [ok] } })
    expect(lines()).toEqual([
      'start ask',
      'ok ask [question]',
      'start fast',
      'ok fast [text finish message]',
      'standby local',
      'start pick',
      'ok pick [value which tries]',
      'start answer',
      'field answer "fine"',
      'ok answer',
      'finished {"answer":"fine"}',
    ])
    expect(models.calls).toHaveLength(1)
  })

  it('starts the next only after the retries of the first, and says that it switched', async () => {
    const script = { fast: [{ error: 'upstream_rate_limited' }], local: [ok] } as const
    const { lines, models, end } = await run(two(), { script })
    expect(models.calls.map((call) => [call.target, call.at])).toEqual([
      ['fast', 0],
      ['fast', 500],
      ['local', 500],
    ])
    expect(lines().slice(2, 8)).toEqual([
      'start fast',
      'failed fast upstream_rate_limited',
      'switch pick try_1>try_2 upstream_rate_limited',
      'start local',
      'ok local [text finish message]',
      'start pick',
    ])
    expect(end().totals).toMatchObject({ attempts: 3, modelCalls: 1, servedBy: 'local', degraded: false })
  })

  it('fails with the last error, which its own error outlet can handle', async () => {
    const script = { fast: [{ error: 'upstream_auth' }], local: [{ error: 'upstream_quota' }] } as const
    const failed = await run(two(), { script })
    expect(failed.lines().slice(-3)).toEqual([
      'start pick',
      'failed pick upstream_quota',
      'run failed upstream_quota at local',
    ])
    const flow = two({}, { sorry: join('error'), answer: out('answer', { type: 'json' }) })
    const edges = flow.edges.with(-1, 'sorry.all -> answer.value').concat('pick.error -> sorry.error')
    const handled = await run({ ...flow, edges }, { script })
    expect(handled.end().answer).toMatchObject({
      answer: { error: { code: 'upstream_quota', node: 'local' } },
    })
  })

  it('tells how each try went', async () => {
    const flow = two({}, { how: out('how', { stream: false }) })
    const { end } = await run(
      { ...flow, edges: [...flow.edges, 'pick.tries -> how.value'] },
      {
        script: { fast: [{ error: 'upstream_quota' }], local: [ok] },
      },
    )
    expect(end().answer.how).toBe('failed upstream_quota, ok')
  })

  it('marks the run as degraded from the try that says so', async () => {
    const script = { fast: [{ error: 'upstream_auth' }], local: [ok] } as const
    expect((await run(two({ degradedFrom: 2 }), { script })).end().totals.degraded).toBe(true)
    expect((await run(two({ degradedFrom: 2 }), { script: { fast: [ok] } })).end().totals.degraded).toBe(
      false,
    )
  })

  it('takes a fixed answer as its last try', async () => {
    const flow = {
      nodes: {
        ask,
        fast: model('fast'),
        sorry: fixed('later'),
        pick: pick(2, { degradedFrom: 2 }),
        answer: out(),
      },
      edges: [
        'ask.question -> fast.text',
        'fast.text -> pick.try_1',
        'sorry.text -> pick.try_2',
        'pick.value -> answer.value',
      ],
    }
    for (const stream of [false, true]) {
      const failed = await run(flow, { script: { fast: [{ error: 'upstream_auth' }] }, stream })
      expect(failed.end()).toMatchObject({ answer: { answer: 'later' }, totals: { degraded: true } })
      const fine = await run(flow, { script: { fast: [ok] }, stream })
      expect(fine.lines()).toContain('standby sorry')
      expect(fine.end().totals.degraded).toBe(false)
    }
  })

  it('takes a pure source that others read too only when its turn has come', async () => {
    const flow = {
      nodes: {
        ask,
        fast: model('fast'),
        shared: upper,
        pick: pick(2),
        seen: out('seen', { stream: false }),
        answer: out(),
      },
      edges: [
        'ask.question -> fast.text',
        'ask.question -> shared.text',
        'shared.text -> seen.value',
        'fast.text -> pick.try_1',
        'shared.text -> pick.try_2',
        'pick.value -> answer.value',
      ],
    }
    const fine = await run(flow, { script: { fast: [ok] } })
    expect(fine.end().answer).toEqual({ seen: 'HI', answer: 'fine' })
    const failed = await run(flow, { script: { fast: [{ error: 'upstream_auth' }] } })
    expect(failed.end().answer).toEqual({ seen: 'HI', answer: 'HI' })
  })

  it('does not take over for a shared node that fails', async () => {
    const flow = two({}, { compose: failing('flow_error') })
    const edges = flow.edges
      .map((edge) => edge.replace('ask.question', 'compose.text'))
      .concat('ask.question -> compose.value')
    const { lines } = await run({ ...flow, edges }, { script: { fast: [ok], local: [ok] } })
    expect(lines().at(-1)).toBe('run failed flow_error at compose')
  })
})

describe('a branch of several nodes', () => {
  const chain = (more: object = {}, edges: readonly string[] = []) => ({
    nodes: {
      ask,
      fast: model('fast'),
      check: slow(30),
      local: model('local'),
      pick: pick(2, { advanceOn: ['any'] }),
      answer: out(),
      ...more,
    },
    edges: [
      'ask.question -> fast.text',
      'fast.text -> check.text',
      'check.text -> pick.try_1',
      'ask.question -> local.text',
      'local.text -> pick.try_2',
      'pick.value -> answer.value',
      ...edges,
    ],
  })

  it('fails when any of its nodes does', async () => {
    const flow = chain({ check: failing('guard_blocked_output') })
    const edges = flow.edges.with(1, 'fast.text -> check.value')
    const { lines } = await run({ ...flow, edges }, { script: { fast: [ok], local: [ok] } })
    expect(lines().slice(4)).toEqual([
      'start check',
      'failed check guard_blocked_output',
      'switch pick try_1>try_2 guard_blocked_output',
      'start local',
      'ok local [text finish message]',
      'start pick',
      'ok pick [value which tries]',
      'start answer',
      'field answer "fine"',
      'ok answer',
      'finished {"answer":"fine"}',
    ])
  })

  it('is ended as a whole: what runs is aborted, what waits is skipped', async () => {
    const flow = {
      nodes: {
        ask,
        a: model('a'),
        b: slow(20, { code: 'upstream_auth' }),
        both: join('a', 'b'),
        text: slow(0),
        local: model('local'),
        pick: pick(2),
        answer: out(),
      },
      edges: [
        'ask.question -> a.text',
        'ask.question -> b.text',
        'a.text -> both.a',
        'b.text -> both.b',
        'both.all -> text.text',
        'text.text -> pick.try_1',
        'ask.question -> local.text',
        'local.text -> pick.try_2',
        'pick.value -> answer.value',
      ],
    }
    const { lines, models, end } = await run(flow, { script: { a: [{ hang: true }], local: [ok] } })
    expect(lines().slice(4, 11)).toEqual([
      'failed b upstream_auth',
      'aborted a upstream_auth',
      'skipped both',
      'skipped text',
      'switch pick try_1>try_2 upstream_auth',
      'start local',
      'ok local [text finish message]',
    ])
    expect(models.calls[0]?.abortedAt).toBe(20)
    expect(end().answer).toEqual({ answer: 'fine' })
  })

  it('takes the error before a default of the node would', async () => {
    const policy = { onError: 'default', default: { text: 'unused' } } as const
    const flow = two({}, { fast: model('fast', { policy }) })
    const { end } = await run(flow, { script: { fast: [{ error: 'upstream_auth' }], local: [ok] } })
    expect(end()).toMatchObject({ answer: { answer: 'fine' }, totals: { degraded: false } })
  })

  it('keeps an error that one of its nodes handles itself', async () => {
    const flow = {
      nodes: {
        ask,
        fast: model('fast'),
        repair: fixed('repaired'),
        local: model('local'),
        pick: pick(2),
        answer: out(),
      },
      edges: [
        'ask.question -> fast.text',
        'fast.error -> repair.when',
        'repair.text -> pick.try_1',
        'ask.question -> local.text',
        'local.text -> pick.try_2',
        'pick.value -> answer.value',
      ],
    }
    const { end, lines } = await run(flow, { script: { fast: [{ error: 'upstream_auth' }] } })
    expect(end().answer).toEqual({ answer: 'repaired' })
    expect(lines()).toContain('standby local')
  })
})

describe('time limits of tries', () => {
  it('count to the first part, from the first step of the first try and from the gate of the others', async () => {
    const flow = {
      nodes: {
        ask,
        before: slow(500),
        fast: model('fast'),
        local: model('local'),
        pick: pick(2, { firstTokenMs: 100 }),
        answer: out(),
      },
      edges: [
        'ask.question -> before.text',
        'before.text -> fast.text',
        'before.text -> local.text',
        'fast.text -> pick.try_1',
        'local.text -> pick.try_2',
        'pick.value -> answer.value',
      ],
    }
    const script = {
      fast: [{ hang: true }],
      local: [{ parts: ['a', 'b'], afterMs: 99, everyMs: 50 }],
    } as const
    for (const stream of [true]) {
      const { models, end, lines } = await run(flow, { script, stream })
      expect(models.calls.map((call) => [call.target, call.at, call.abortedAt])).toEqual([
        ['fast', 500, 600],
        ['local', 600, null],
      ])
      expect(lines()).toContain('switch pick try_1>try_2 upstream_timeout')
      expect(end().answer).toEqual({ answer: 'ab' })
    }
    // Whole, the value comes after 149 ms: too late.
    expect((await run(flow, { script })).end()).toMatchObject({ error: { code: 'upstream_timeout' } })
  })

  it('count to the whole value', async () => {
    const script = { fast: [{ parts: ['a', 'b', 'c'], everyMs: 60 }], local: [ok] }
    const { models, end } = await run(two({ attemptMs: 100 }), { script })
    expect(models.calls.map((call) => [call.target, call.abortedAt])).toEqual([
      ['fast', 100],
      ['local', null],
    ])
    expect(end().answer).toEqual({ answer: 'fine' })
  })

  it('break a stream that has begun, and do not switch', async () => {
    const script = { fast: [{ parts: ['a', 'b', 'c'], everyMs: 60 }], local: [ok] }
    const { lines, models } = await run(two({ attemptMs: 100 }), { script, stream: true })
    expect(models.calls.map((call) => [call.target, call.abortedAt])).toEqual([['fast', 100]])
    expect(lines().at(-1)).toMatch(/^run failed upstream_timeout/)
    expect(lines()).toContain('standby local')
  })
})

describe('a stream within a fallback', () => {
  const cut = { parts: ['half', ' an'], everyMs: 10, error: 'upstream_bad_response' } as const

  it('has succeeded with its first part: a later failure ends the run', async () => {
    const { lines } = await run(two(), { script: { fast: [cut], local: [ok] }, stream: true })
    expect(lines().slice(2)).toEqual([
      'start fast',
      'standby local',
      'start pick',
      'start answer',
      'delta answer half',
      'delta answer  an',
      'failed answer upstream_bad_response',
      'failed fast upstream_bad_response [text]',
      'failed pick upstream_bad_response [value which tries]',
      'run failed upstream_bad_response at fast',
    ])
  })

  it('restarts in the next try where that is allowed, and says that earlier parts are void', async () => {
    const { lines, end } = await run(two({ restart: true }), {
      script: { fast: [cut], local: [{ parts: ['a', 'b'] }] },
      stream: true,
    })
    expect(lines().slice(2)).toEqual([
      'start fast',
      'start pick',
      'start answer',
      'delta answer half',
      'delta answer  an',
      'failed fast upstream_bad_response [text]',
      'restarted answer upstream_bad_response',
      'switch pick try_1>try_2 upstream_bad_response',
      'start local',
      'delta answer a',
      'delta answer b',
      'field answer "ab"',
      'ok answer',
      'ok pick [value which tries]',
      'ok local [message text finish]',
      'finished {"answer":"ab"}',
    ])
    expect(end().totals.servedBy).toBe('local')
  })

  it('restarts through nodes that pass on, and into an answer that comes whole', async () => {
    const flow = {
      nodes: {
        ask,
        fast: model('fast'),
        sorry: fixed('later'),
        pick: pick(2, { restart: true }),
        loud: shout,
        answer: out(),
      },
      edges: [
        'ask.question -> fast.text',
        'fast.text -> pick.try_1',
        'sorry.text -> pick.try_2',
        'pick.value -> loud.text',
        'loud.text -> answer.value',
      ],
    }
    const { lines, end } = await run(flow, { script: { fast: [cut] }, stream: true })
    expect(lines().filter((line) => /^(delta|restarted)/.test(line))).toEqual([
      'delta answer HALF',
      'delta answer  AN',
      'restarted answer upstream_bad_response',
      'delta answer LATER',
    ])
    expect(end().answer).toEqual({ answer: 'LATER' })
  })

  it('ends as failed when the last try breaks too', async () => {
    const { lines } = await run(two({ restart: true }), {
      script: { fast: [cut], local: [cut] },
      stream: true,
    })
    expect(lines().at(-1)).toBe('run failed upstream_bad_response at local')
  })
})

describe('a fallback inside a branch of another', () => {
  const nested = {
    nodes: {
      ask,
      a: model('a'),
      b: model('b'),
      c: model('c'),
      inner: pick(2),
      outer: pick(2),
      answer: out(),
    },
    edges: [
      'ask.question -> a.text',
      'ask.question -> b.text',
      'ask.question -> c.text',
      'a.text -> inner.try_1',
      'b.text -> inner.try_2',
    ],
  }
  const first = {
    ...nested,
    edges: [
      ...nested.edges,
      'inner.value -> outer.try_1',
      'c.text -> outer.try_2',
      'outer.value -> answer.value',
    ],
  }
  const second = {
    ...nested,
    edges: [
      ...nested.edges,
      'c.text -> outer.try_1',
      'inner.value -> outer.try_2',
      'outer.value -> answer.value',
    ],
  }
  const down = [{ error: 'upstream_auth' }] as const

  it.each([false, true])(
    'as first try: its tries come before the next of the outer one (streamed: %s)',
    async (stream) => {
      const { models, end } = await run(first, { script: { a: down, b: down, c: [ok] }, stream })
      expect(models.calls.map((call) => call.target)).toEqual(['a', 'b', 'c'])
      expect(end().answer).toEqual({ answer: 'fine' })
    },
  )

  it.each([false, true])(
    'as second try: all of it is standby while the first is healthy (streamed: %s)',
    async (stream) => {
      const { models, lines } = await run(second, { script: { c: [ok] }, stream })
      expect(models.calls.map((call) => call.target)).toEqual(['c'])
      expect(lines().filter((line) => line.startsWith('standby'))).toEqual([
        'standby a',
        'standby b',
        'standby inner',
      ])
    },
  )

  it.each([false, true])(
    'as second try: runs in its own order when the first failed (streamed: %s)',
    async (stream) => {
      const { models, end } = await run(second, { script: { c: down, a: down, b: [ok] }, stream })
      expect(models.calls.map((call) => call.target)).toEqual(['c', 'a', 'b'])
      expect(end().answer).toEqual({ answer: 'fine' })
    },
  )
})
