// Golden flows for the rules of nodes.md 1.4, whole and streamed.
import { describe, expect, it } from 'vitest'
import { liveText } from '#shared/flow/live.ts'
import { inlet, outlet } from '#shared/flow/ports.ts'
import { ask, fixed, join, merge, model, out, run, shout, slow, start, upper } from './kit.ts'

const hello = { m: [{ parts: ['Hel', 'lo ', 'you'], afterMs: 10, everyMs: 5 }] }
const cut = {
  m: [{ parts: ['Hel', 'lo '], afterMs: 10, everyMs: 5, error: 'upstream_bad_response' }],
} as const

const straight = {
  nodes: { ask, bot: model('m'), answer: out() },
  edges: ['ask.question -> bot.text', 'bot.text -> answer.value'],
}

describe('rule 1.4.1: an edge streams where everybody on the way does and the caller asked', () => {
  it('passes parts on as they come, and the whole at the end', async () => {
    const { lines, times, events } = await run(straight, { script: hello, stream: true })
    expect(lines()).toEqual([
      'start ask',
      'ok ask [question]',
      'start bot',
      'start answer',
      'delta answer Hel',
      'delta answer lo ',
      'delta answer you',
      'field answer "Hello you"',
      'ok answer',
      'ok bot [text message finish]',
      'finished {"answer":"Hello you"}',
    ])
    const deltas = events.flatMap((event, at) => (event.type === 'delta' ? [times[at]] : []))
    expect(deltas).toEqual([10, 15, 20])
  })

  it('gives the value whole to a caller who did not ask', async () => {
    const { lines, models } = await run(straight, { script: hello })
    expect(lines()).toEqual([
      'start ask',
      'ok ask [question]',
      'start bot',
      'ok bot [text finish message]',
      'start answer',
      'field answer "Hello you"',
      'ok answer',
      'finished {"answer":"Hello you"}',
    ])
    expect(models.calls[0]?.streamed).toBe(false)
  })

  it('streams through a node that passes on, in its own words', async () => {
    const { lines } = await run(
      {
        nodes: { ask, bot: model('m'), loud: shout, answer: out() },
        edges: ['ask.question -> bot.text', 'bot.text -> loud.text', 'loud.text -> answer.value'],
      },
      { script: hello, stream: true },
    )
    expect(lines().filter((line) => line.startsWith('delta'))).toEqual([
      'delta answer HEL',
      'delta answer LO ',
      'delta answer YOU',
    ])
    expect(lines().slice(-4)).toEqual([
      'ok answer',
      'ok loud [text]',
      'ok bot [text message finish]',
      'finished {"answer":"HELLO YOU"}',
    ])
  })

  it('is collected by a node that needs the whole, and by an output that does not stream', async () => {
    const whole = await run(
      {
        nodes: { ask, bot: model('m'), loud: upper, answer: out() },
        edges: ['ask.question -> bot.text', 'bot.text -> loud.text', 'loud.text -> answer.value'],
      },
      { script: hello, stream: true },
    )
    expect(whole.lines()).not.toContainEqual(expect.stringMatching(/^delta/))
    expect(whole.end().answer).toEqual({ answer: 'HELLO YOU' })
    const closed = { ...straight, nodes: { ...straight.nodes, answer: out('answer', { stream: false }) } }
    const still = await run(closed, { script: hello, stream: true })
    expect(still.lines()).not.toContainEqual(expect.stringMatching(/^delta/))
    expect(still.end().answer).toEqual({ answer: 'Hello you' })
  })

  it('never shows parts of a field that is for the log only', async () => {
    const hidden = { ...straight, nodes: { ...straight.nodes, answer: out('answer', { share: false }) } }
    const { lines, end } = await run(hidden, { script: hello, stream: true })
    expect(lines()).not.toContainEqual(expect.stringMatching(/^delta/))
    expect(end().answer).toEqual({ answer: 'Hello you' })
  })
})

describe('rule 1.4.2: a streamed value settles its edge at the first part', () => {
  const rescued = {
    nodes: { ask, bot: model('m'), sorry: fixed('sorry'), both: merge, answer: out() },
    edges: [
      'ask.question -> bot.text',
      'bot.error -> sorry.when',
      'bot.text -> both.value',
      'sorry.text -> both.value',
      'both.value -> answer.value',
    ],
  }

  it('and `error` is absent from then on', async () => {
    const { lines } = await run(rescued, { script: hello, stream: true })
    expect(lines().slice(2, 8)).toEqual([
      'start bot',
      'skipped sorry',
      'start both',
      'start answer',
      'delta answer Hel',
      'delta answer lo ',
    ])
  })

  it('so a failure before it can be handled', async () => {
    const { end, models } = await run(rescued, {
      script: { m: [{ error: 'upstream_auth', afterMs: 5 }] },
      stream: true,
    })
    expect(end()).toMatchObject({ type: 'run-finished', answer: { answer: 'sorry' } })
    expect(models.calls).toHaveLength(1)
  })

  it('and one before it is repeated as for a whole answer', async () => {
    const script = { m: [{ error: 'upstream_unavailable' }, { parts: ['ok'] }] } as const
    const { end, models } = await run(straight, { script, stream: true })
    expect(end().answer).toEqual({ answer: 'ok' })
    expect(models.calls.map((call) => call.at)).toEqual([0, 500])
  })

  it('a producer that gave its stream early settles with its first part, not before', async () => {
    const held = {
      nodes: {
        ask,
        held: {
          type: 'held',
          inlets: { text: inlet('text') },
          outlets: { text: outlet('text', { streams: 'source' }) },
        },
        sorry: fixed('sorry'),
        both: merge,
        answer: out(),
      },
      edges: [
        'ask.question -> held.text',
        'held.error -> sorry.when',
        'held.text -> both.value',
        'sorry.text -> both.value',
        'both.value -> answer.value',
      ],
    } as const
    const runners = (fails: boolean) => (clock: { after(ms: number, call: () => void): unknown }) => ({
      held: {
        run: () => {
          const live = liveText()
          clock.after(10, () => {
            if (fails) live.fail(new TypeError('oops'))
            else {
              live.push('late')
              live.end()
            }
          })
          return { text: live }
        },
      },
    })
    expect((await run(held, { stream: true, runners: runners(false) })).end().answer).toEqual({
      answer: 'late',
    })
    expect((await run(held, { stream: true, runners: runners(true) })).end().answer).toEqual({
      answer: 'sorry',
    })
  })
})

it('a stream that is over at once does not end its step before the other outlets are put', async () => {
  const flow = {
    nodes: {
      ask,
      quick: {
        type: 'quick',
        inlets: { text: inlet('text') },
        outlets: { text: outlet('text', { streams: 'source' }), extra: outlet('text') },
      },
      extra: out('extra', { stream: false }),
      answer: out(),
    },
    edges: ['ask.question -> quick.text', 'quick.text -> answer.value', 'quick.extra -> extra.value'],
  } as const
  const runners = () => ({
    quick: {
      run: () => {
        const live = liveText()
        live.push('all')
        live.end()
        return { text: live, extra: 'too' }
      },
    },
  })
  const { end } = await run(flow, { stream: true, runners })
  expect(end().answer).toEqual({ extra: 'too', answer: 'all' })
})

describe('rule 1.4.3: a broken stream is an error for whoever reads it', () => {
  it('ends the run where an output had passed parts on', async () => {
    const { lines, end } = await run(straight, { script: cut, stream: true })
    expect(lines().slice(3)).toEqual([
      'start answer',
      'delta answer Hel',
      'delta answer lo ',
      'failed answer upstream_bad_response',
      'failed bot upstream_bad_response [text]',
      'run failed upstream_bad_response at bot',
    ])
    expect(end().totals.attempts).toBe(1)
  })

  it('fails the step that collects it, which can handle that; late outlets are absent', async () => {
    // One edge streams to an output that is skipped, the other is collected: only the collector reads.
    const flow = {
      nodes: {
        ask,
        bot: model('m'),
        loud: upper,
        sorry: fixed('sorry'),
        shown: out('shown', { required: false }),
        why: out('why', { required: false, stream: false }),
        answer: out(),
      },
      edges: [
        'ask.question -> bot.text',
        'bot.finish -> why.value',
        'bot.text -> shown.value',
        'ask.other -> shown.when',
        'bot.text -> loud.text',
        'loud.error -> sorry.when',
        'sorry.text -> answer.value',
      ],
    }
    const { lines, end } = await run(flow, { script: cut, stream: true })
    expect(lines().slice(2)).toEqual([
      'start bot',
      'skipped shown',
      'start loud',
      'failed loud upstream_bad_response',
      'start sorry',
      'ok sorry [text]',
      'start answer',
      'field answer "sorry"',
      'ok answer',
      'failed bot upstream_bad_response [text]',
      'skipped why',
      'finished {"answer":"sorry"}',
    ])
    expect(end().type).toBe('run-finished')
  })

  it('passes through a node that streams on', async () => {
    const { lines } = await run(
      {
        nodes: { ask, bot: model('m'), loud: shout, answer: out() },
        edges: ['ask.question -> bot.text', 'bot.text -> loud.text', 'loud.text -> answer.value'],
      },
      { script: cut, stream: true },
    )
    expect(lines().slice(-5)).toEqual([
      'delta answer LO ',
      'failed answer upstream_bad_response',
      'failed bot upstream_bad_response [text]',
      'failed loud upstream_bad_response [text]',
      'run failed upstream_bad_response at bot',
    ])
  })
})

describe('rule 1.4.4: without a stream a failure at any point can be handled', () => {
  it('even one in the middle of the answer', async () => {
    const { end, models } = await run(
      {
        nodes: { ask, bot: model('m'), sorry: fixed('sorry'), both: merge, answer: out() },
        edges: [
          'ask.question -> bot.text',
          'bot.error -> sorry.when',
          'bot.text -> both.value',
          'sorry.text -> both.value',
          'both.value -> answer.value',
        ],
      },
      { script: cut },
    )
    expect(end()).toMatchObject({ type: 'run-finished', answer: { answer: 'sorry' } })
    expect(models.calls).toHaveLength(2)
  })

  it('even where a node gives a stream unasked', async () => {
    const flow = {
      nodes: {
        ask,
        eager: {
          type: 'eager',
          inlets: { text: inlet('text') },
          outlets: { text: outlet('text', { streams: 'source' }) },
        },
        sorry: fixed('sorry'),
        both: merge,
        answer: out(),
      },
      edges: [
        'ask.question -> eager.text',
        'eager.error -> sorry.when',
        'eager.text -> both.value',
        'sorry.text -> both.value',
        'both.value -> answer.value',
      ],
    } as const
    const runners = () => ({
      eager: {
        run: () => {
          const live = liveText()
          live.push('half')
          live.fail(new Error('cut'))
          return { text: live }
        },
      },
    })
    expect((await run(flow, { runners })).end().answer).toEqual({ answer: 'sorry' })
  })
})

describe('rule 1.4.5: joined parts equal the whole', () => {
  it('of the same answer', async () => {
    const whole = await run(straight, { script: hello })
    const streamed = await run(straight, { script: hello, stream: true })
    const joined = streamed.events.map((event) => (event.type === 'delta' ? event.part : '')).join('')
    expect(joined).toBe(whole.end().answer.answer)
    expect(streamed.end().answer).toEqual(whole.end().answer)
    expect(streamed.end().totals.usage).toEqual(whole.end().totals.usage)
  })
})

describe('rule 1.4.6: fan-out copies a stream, a slow reader slows the producer', () => {
  it('to an output and to a node that collects', async () => {
    const { end, lines } = await run(
      {
        nodes: {
          ask,
          bot: model('m'),
          loud: upper,
          all: join('a'),
          side: out('side', { type: 'json' }),
          answer: out(),
        },
        edges: [
          'ask.question -> bot.text',
          'bot.text -> answer.value',
          'bot.text -> loud.text',
          'loud.text -> all.a',
          'all.all -> side.value',
        ],
      },
      { script: hello, stream: true },
    )
    expect(end().answer).toEqual({ side: { a: 'HELLO YOU' }, answer: 'Hello you' })
    expect(lines()).toContain('delta answer Hel')
  })

  it('to two outputs', async () => {
    const { lines } = await run(
      {
        nodes: { ask, bot: model('m'), one: out('one'), two: out('two') },
        edges: ['ask.question -> bot.text', 'bot.text -> one.value', 'bot.text -> two.value'],
      },
      { script: hello, stream: true },
    )
    expect(lines().filter((line) => line.startsWith('delta'))).toEqual([
      'delta one Hel',
      'delta two Hel',
      'delta one lo ',
      'delta two lo ',
      'delta one you',
      'delta two you',
    ])
  })

  it('and a reader that starts late misses nothing', async () => {
    const { end, lines } = await run(
      {
        nodes: { ask, bot: model('m'), gate: slow(12), answer: out() },
        edges: [
          'ask.question -> bot.text',
          'ask.question -> gate.text',
          'gate.text -> answer.when',
          'bot.text -> answer.value',
        ],
      },
      { script: hello, stream: true },
    )
    expect(lines().filter((line) => line.startsWith('delta'))).toEqual([
      'delta answer Hel',
      'delta answer lo ',
      'delta answer you',
    ])
    expect(end().answer).toEqual({ answer: 'Hello you' })
  })

  it('a caller who does not read stops the upstream at one mebi and starts it again', async () => {
    const part = 'x'.repeat(64 * 1024)
    const script = { m: [{ parts: Array.from({ length: 100 }, () => part), everyMs: 1 }] }
    const started = start(straight, { script, stream: true })
    started.handle.pause()
    await started.clock.advance(10_000)
    const [call] = started.models.calls
    const deltas = () => started.events.filter((event) => event.type === 'delta').length
    expect(deltas()).toBe(1)
    expect(call?.paused).toBe(true)
    expect((call?.given ?? 0) * part.length).toBeLessThanOrEqual(1024 * 1024 + 2 * part.length)
    started.handle.resume()
    await started.clock.until(started.over)
    expect(deltas()).toBe(100)
    expect(started.end().answer).toEqual({ answer: part.repeat(100) })
  })
})

describe('the answer limit', () => {
  it('stops a stream that grows too long, and the upstream with it', async () => {
    const script = { m: [{ parts: ['12345', '67890', '!', 'more'], everyMs: 5 }] }
    const started = await run(straight, { script, stream: true, limits: { answerBytes: 10 } })
    expect(started.lines().slice(-5)).toEqual([
      'delta answer 12345',
      'delta answer 67890',
      'failed answer output_invalid',
      'aborted bot output_invalid [text]',
      'run failed output_invalid at answer',
    ])
    expect(started.models.calls[0]?.abortedAt).toBe(10)
  })
})

describe('the live view of the page', () => {
  it('shows values and texts of steps, but no secret', async () => {
    const secretive = {
      nodes: {
        ask,
        mask: {
          type: 'mask',
          inlets: { text: inlet('text') },
          outlets: { text: outlet('text'), map: outlet('json', { secret: true }) },
        },
        bot: model('m'),
        answer: out(),
      },
      edges: ['ask.question -> mask.text', 'mask.text -> bot.text', 'bot.text -> answer.value'],
    }
    const runners = () => ({ mask: { run: () => ({ text: '<1>', map: { '<1>': 'secret' } }) } })
    const { lines } = await run(secretive, { script: hello, stream: true, watch: true, runners })
    const seen = lines().filter((line) => line.startsWith('value') || line.startsWith('text'))
    expect(seen).toContain('value ask.question "hi"')
    expect(seen).toContain('value mask.text "<1>"')
    expect(seen).toContain('text bot.text Hel')
    expect(seen).toContain('value bot.text "Hello you"')
    expect(seen.join()).not.toContain('secret')
  })
})
