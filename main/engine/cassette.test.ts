import { describe, expect, it } from 'vitest'
import { AppError } from '#shared/errors.ts'
import { inlet, outlet } from '#shared/flow/ports.ts'
import type { RunEvent } from '#shared/run/events.ts'
import { ask, model, out, pick, prepareTest, run, start, upper } from '../../test/flows/kit.ts'
import { type Reply, scriptedModels, usageOf } from '../../test/scripted-models.ts'
import { virtualClock } from '../../test/virtual-clock.ts'
import { readCassette, recordEffects, replayEffects, writeCassette } from './cassette.ts'
import type { Cassette } from './cassette-entry.ts'
import type { Http } from './effects.ts'

const flow = {
  nodes: {
    ask,
    fetch: { type: 'fetch', inlets: { text: inlet('text') }, outlets: { body: outlet('text') } },
    a: model('remote/a'),
    b: model('remote/b'),
    pick: pick(2, { firstTokenMs: 5_000 }),
    answer: out(),
    page: out('page', { stream: false }),
  },
  edges: [
    'ask.question -> fetch.text',
    'fetch.body -> page.value',
    'fetch.body -> a.text',
    'fetch.body -> b.text',
    'a.text -> pick.try_1',
    'b.text -> pick.try_2',
    'pick.value -> answer.value',
  ],
}

interface FetchArgs {
  readonly input: { readonly text?: unknown }
  readonly ctx: { now(): number; random(): number; http(call: object): Promise<{ body: Uint8Array }> }
}
const runners = () => ({
  fetch: {
    run: async ({ input, ctx }: FetchArgs) => {
      const url = `https://example.com/${input.text}`
      const answer = await ctx.http({ method: 'GET', url, headers: {}, maxBytes: 100, follow: 0 })
      return { body: `${Buffer.from(answer.body).toString()} ${ctx.now()} ${ctx.random()}` }
    },
  },
})

const script: Readonly<Record<string, readonly Reply[]>> = {
  'remote/a': [
    { error: 'upstream_rate_limited', afterMs: 30 },
    { error: 'upstream_auth', afterMs: 20 },
  ],
  'remote/b': [{ parts: ['It ', 'comes ', 'Tuesday'], afterMs: 100, everyMs: 40, usage: usageOf(7, 3) }],
}
const http: Http = async () => ({ status: 200, headers: {}, body: new TextEncoder().encode('page') })

interface Recording {
  readonly cassette: Cassette
  readonly events: readonly RunEvent[]
  readonly times: readonly number[]
}
async function recorded(stream: boolean, more: object = {}): Promise<Recording> {
  let tape: ReturnType<typeof recordEffects> | undefined
  const options = { price: 0.001, facts: { 'remote/b': { context: 8_000 } } }
  const started = await run(flow, {
    runners,
    http,
    stream,
    seed: 42,
    models: (clock) => scriptedModels(clock, script, options),
    effects: (effects) => {
      tape = recordEffects(effects, { seed: 42, ...more })
      return tape.effects
    },
  })
  const cassette = tape?.cassette()
  if (!cassette) throw new Error('nothing was recorded')
  return { cassette: readCassette(writeCassette(cassette)), events: started.events, times: started.times }
}

function replayed(
  cassette: Cassette,
  options: { stream?: boolean; speed?: 'recorded' | 'full'; input?: object; edit?: object } = {},
) {
  return run(
    { ...flow, ...options.edit },
    {
      runners,
      stream: options.stream ?? false,
      seed: cassette.seed,
      clock: virtualClock(5_000_000_000_000),
      ...(options.input ? { input: options.input as Record<string, unknown> } : {}),
      effects: ({ clock }) => replayEffects(cassette, { speed: options.speed ?? 'recorded', clock }),
    },
  )
}

/** Events without times and ids. */
function plain(events: readonly RunEvent[]): unknown {
  return JSON.parse(
    JSON.stringify(events, (key, value: unknown) =>
      /^(at|atMs|ms|waitedMs|firstTokenMs|run)$/.test(key) ? 0 : value,
    ),
  )
}

describe('a cassette', () => {
  it.each([false, true])(
    'replays a run without network: the same events but for times and ids (streamed: %s)',
    async (stream) => {
      const first = await recorded(stream)
      const again = await replayed(first.cassette, { stream })
      expect(plain(again.events)).toEqual(plain(first.events))
      expect(again.end().totals).toMatchObject({ attempts: 4, modelCalls: 1, costUsd: 0.01 })
      expect(String(again.end().answer.page)).toMatch(/^page 17000000000\d\d 0\.\d+$/)
    },
  )

  it('plays streams with the gaps they had', async () => {
    const first = await recorded(true)
    const again = await replayed(first.cassette, { stream: true })
    const deltas = (events: readonly RunEvent[], times: readonly number[]) =>
      events.flatMap((event, at) => (event.type === 'delta' ? [times[at]] : []))
    expect(deltas(first.events, first.times)).toHaveLength(3)
    expect(deltas(again.events, again.times)).toEqual(deltas(first.events, first.times))
  })

  it('plays at full speed when asked: nothing is waited for but back-off', async () => {
    const first = await recorded(true)
    const again = await replayed(first.cassette, { stream: true, speed: 'full' })
    expect(plain(again.events)).toEqual(plain(first.events))
    expect(again.clock.ticks()).toBe(500)
  })

  it.each([
    [false, true],
    [true, false],
  ])(
    'gives the same value when it was recorded streamed: %s and is asked streamed: %s',
    async (before, now) => {
      const first = await recorded(before)
      const again = await replayed(first.cassette, { stream: now })
      expect(again.end().answer).toEqual((first.events.at(-1) as { answer: object }).answer)
      expect(again.end().totals.usage).toEqual(usageOf(7, 3))
    },
  )

  it.each([false, true])(
    'misses one changed letter and names the field, without a live call (streamed: %s)',
    async (stream) => {
      const { cassette } = await recorded(stream)
      const changed = await replayed(cassette, { stream, input: { question: 'ho' } })
      expect(changed.end()).toMatchObject({
        type: 'run-failed',
        error: {
          code: 'cassette_miss',
          status: 424,
          node: 'fetch',
          details: { reason: 'changed', changed: ['url'] },
        },
      })
    },
  )

  it('names a changed message, a changed setting and a changed target', async () => {
    const { cassette } = await recorded(false)
    const missOf = async (edit: object) => {
      const end = (await replayed(cassette, { edit })).end()
      return end.type === 'run-failed' ? end.error.details.changed : null
    }
    const loud = {
      nodes: { ...flow.nodes, loud: upper },
      edges: flow.edges
        .map((edge) => edge.replace('fetch.body -> a', 'loud.text -> a'))
        .concat('fetch.body -> loud.text'),
    }
    expect(await missOf(loud)).toEqual(['messages/0'])
    expect(
      await missOf({ nodes: { ...flow.nodes, a: model('remote/a', { config: { maxTokens: 5 } }) } }),
    ).toEqual(['maxOutputTokens'])
    expect(await missOf({ nodes: { ...flow.nodes, a: model('remote/z') } })).toEqual(['target'])
  })

  it('tells apart what was never called and what was called less often', async () => {
    const { cassette } = await recorded(false)
    const without = { ...cassette, entries: cassette.entries.filter((entry) => entry.kind !== 'http') }
    expect((await replayed(without)).end()).toMatchObject({
      error: { details: { reason: 'not_recorded', changed: [] } },
    })
    const once = {
      ...cassette,
      entries: cassette.entries.filter((entry, at) => entry.kind !== 'chat' || at === 1),
    }
    expect((await replayed(once)).end()).toMatchObject({ error: { details: { reason: 'exhausted' } } })
  })

  it('replays some nodes while others are live', async () => {
    const { cassette } = await recorded(false)
    const clock = virtualClock()
    const models = scriptedModels(clock, { 'remote/b': [{ parts: ['fresh'] }] })
    const mixed = await run(flow, {
      runners,
      clock,
      seed: cassette.seed,
      effects: (outside) =>
        replayEffects(cassette, {
          speed: 'full',
          clock,
          live: { nodes: new Set(['b']), effects: { ...outside, models } },
        }),
    })
    expect(mixed.end().answer).toMatchObject({ answer: 'fresh' })
    expect(models.calls.map((call) => call.node)).toEqual(['b'])
  })

  it('waits again where a call was aborted before it had an outcome', async () => {
    const slow = {
      nodes: { ask, a: model('a'), b: model('b'), pick: pick(2, { firstTokenMs: 100 }), answer: out() },
      edges: [
        'ask.question -> a.text',
        'ask.question -> b.text',
        'a.text -> pick.try_1',
        'b.text -> pick.try_2',
        'pick.value -> answer.value',
      ],
    }
    let tape: ReturnType<typeof recordEffects> | undefined
    for (const stream of [false, true]) {
      const first = await run(slow, {
        stream,
        script: { a: [{ hang: true }], b: [{ parts: ['b'] }] },
        effects: (effects) => {
          tape = recordEffects(effects)
          return tape.effects
        },
      })
      const cassette = tape?.cassette() as Cassette
      const again = await run(slow, {
        stream,
        effects: ({ clock }) => replayEffects(cassette, { speed: 'recorded', clock }),
      })
      expect(plain(again.events)).toEqual(plain(first.events))
    }
  })

  it('holds no request, and no result of a node that redacts it', async () => {
    const { cassette } = await recorded(false)
    expect(writeCassette(cassette)).toContain('Tuesday')
    expect(writeCassette(cassette)).not.toContain('example.com')
    const redacting = {
      ...flow,
      nodes: { ...flow.nodes, b: model('remote/b', { policy: { redact: ['text'] } }) },
    }
    const { plan } = prepareTest(redacting, virtualClock(), runners() as never)
    const hidden = (await recorded(false, { plan })).cassette
    expect(writeCassette(hidden)).not.toContain('Tuesday')
    expect((await replayed(hidden)).end()).toMatchObject({
      error: { code: 'cassette_miss', node: 'b', details: { reason: 'redacted' } },
    })
  })

  it('is refused with the line where it cannot be read', () => {
    expect(() => readCassette('{"format":"other"}\n')).toThrow(AppError)
    expect(() => readCassette('{"format":"sluice/cassette@1"}\n{"kind":\n')).toThrow(/line 2/)
  })

  it('is complete only when the run is over, but may be asked before', async () => {
    let tape: ReturnType<typeof recordEffects> | undefined
    const started = start(flow, {
      runners,
      http,
      script,
      effects: (effects) => {
        tape = recordEffects(effects)
        return tape.effects
      },
    })
    expect(tape?.cassette().entries).toHaveLength(1)
    await started.clock.until(started.over)
    expect(tape?.cassette().entries.length).toBeGreaterThan(4)
  })
})
