// Golden flows for the rules of nodes.md 1.1: a drawing, an input, the expected event list.
import { describe, expect, it } from 'vitest'
import { AppError } from '#shared/errors.ts'
import { inlet, outlet } from '#shared/flow/ports.ts'
import type { VirtualClock } from '../virtual-clock.ts'
import {
  ask,
  choose,
  failing,
  fixed,
  join,
  merge,
  model,
  out,
  run,
  slow,
  start,
  upper,
  write,
} from './kit.ts'

const hang = { m: [{ hang: true }] } as const

describe('rule 1.1.2: an edge settles once, with a value or absent', () => {
  it('runs a chain of pure steps before execute returns, and leaves no timer', () => {
    const started = start({
      nodes: { ask, loud: upper, answer: out() },
      edges: ['ask.question -> loud.text', 'loud.text -> answer.value'],
    })
    expect(started.lines()).toEqual([
      'start ask',
      'ok ask [question]',
      'start loud',
      'ok loud [text]',
      'start answer',
      'field answer "HI"',
      'ok answer',
      'finished {"answer":"HI"}',
    ])
    expect(started.clock.waiting).toBe(0)
  })

  it('copies a value to every edge of its outlet', () => {
    const started = start({
      nodes: { ask, one: upper, two: upper, all: join('a', 'b'), answer: out('answer', { type: 'json' }) },
      edges: [
        'ask.question -> one.text',
        'ask.question -> two.text',
        'one.text -> all.a',
        'two.text -> all.b',
        'all.all -> answer.value',
      ],
    })
    expect(started.lines().at(-1)).toBe('finished {"answer":{"a":"HI","b":"HI"}}')
  })
})

describe('rule 1.1.3: a step starts when all edges into it have settled', () => {
  it('waits for the slowest', async () => {
    const { lines, times, events } = await run({
      nodes: { ask, a: slow(30), b: slow(50), all: join('a', 'b'), answer: out('answer', { type: 'json' }) },
      edges: [
        'ask.question -> a.text',
        'ask.question -> b.text',
        'a.text -> all.a',
        'b.text -> all.b',
        'all.all -> answer.value',
      ],
    })
    expect(lines()).toEqual([
      'start ask',
      'ok ask [question]',
      'start a',
      'start b',
      'ok a [text]',
      'ok b [text]',
      'start all',
      'ok all [all]',
      'start answer',
      'field answer {"a":"hi","b":"hi"}',
      'ok answer',
      'finished {"answer":{"a":"hi","b":"hi"}}',
    ])
    expect(times[events.length - 1]).toBe(50)
  })

  it('merges the one value there is, whatever the order', () => {
    const flow = {
      nodes: { ask, if: choose('hi'), yes: fixed('said hi'), no: upper, both: merge, answer: out() },
      edges: [
        'ask.question -> if.value',
        'if.yes -> yes.when',
        'if.no -> no.text',
        'yes.text -> both.value',
        'no.text -> both.value',
        'both.value -> answer.value',
      ],
    }
    expect(start(flow).lines()).toEqual([
      'start ask',
      'ok ask [question]',
      'start if',
      'ok if [yes]',
      'start yes',
      'ok yes [text]',
      'skipped no',
      'start both',
      'ok both [value]',
      'start answer',
      'field answer "said hi"',
      'ok answer',
      'finished {"answer":"said hi"}',
    ])
    expect(start(flow, { input: { question: 'bye' } }).end().answer).toEqual({ answer: 'BYE' })
  })

  it('takes the first value of a race and aborts what works for the others', async () => {
    const race = {
      type: 'merge',
      inlets: { value: inlet('text', { gather: 'race' }) },
      outlets: { value: outlet('text') },
    }
    const started = await run(
      {
        nodes: {
          ask,
          quick: slow(10, { text: 'quick' }),
          late: model('m'),
          tail: upper,
          race,
          answer: out(),
        },
        edges: [
          'ask.question -> quick.text',
          'ask.question -> late.text',
          'late.text -> tail.text',
          'quick.text -> race.value',
          'tail.text -> race.value',
          'race.value -> answer.value',
        ],
      },
      { script: hang },
    )
    expect(started.lines().slice(4)).toEqual([
      'aborted late cancelled',
      'skipped tail',
      'ok quick [text]',
      'start race',
      'ok race [value]',
      'start answer',
      'field answer "quick"',
      'ok answer',
      'finished {"answer":"quick"}',
    ])
    expect(started.models.calls[0]?.abortedAt).toBe(10)
  })
})

describe('rule 1.1.4: a step is skipped', () => {
  it('when a required inlet is absent, and then all its outlets are', () => {
    const started = start(
      {
        nodes: {
          ask,
          loud: upper,
          louder: upper,
          rescue: fixed('!'),
          answer: out('answer', { required: false }),
        },
        edges: [
          'ask.question -> loud.text',
          'loud.text -> louder.text',
          'loud.error -> rescue.when',
          'louder.text -> answer.value',
        ],
      },
      { input: {} },
    )
    expect(started.lines()).toEqual([
      'start ask',
      'ok ask',
      'skipped loud',
      'skipped louder',
      'skipped rescue',
      'skipped answer',
      'finished {}',
    ])
  })

  it('but not when an optional one is', () => {
    const started = start(
      {
        nodes: { ask, all: join('a', 'b'), answer: out('answer', { type: 'json' }) },
        edges: ['ask.question -> all.a', 'ask.other -> all.b', 'all.all -> answer.value'],
      },
      { input: { question: 'x' } },
    )
    expect(started.end().answer).toEqual({ answer: { a: 'x' } })
  })

  it('when `when` is connected and absent; one present edge is enough, whatever its value', () => {
    const flow = {
      nodes: { ask, if: choose('hi'), gated: fixed('ran'), answer: out('answer', { required: false }) },
      edges: ['ask.question -> if.value', 'if.yes -> gated.when', 'gated.text -> answer.value'],
    }
    expect(start(flow).end().answer).toEqual({ answer: 'ran' })
    expect(start(flow, { input: { question: 'no' } }).lines()).toContain('skipped gated')
    const either = { ...flow, edges: [...flow.edges, 'if.no -> gated.when'] }
    expect(start(either, { input: { question: 'no' } }).end().answer).toEqual({ answer: 'ran' })
    expect(start(flow, { input: { question: false } }).lines()).toContain('skipped gated')
    const falsy = { ...flow, nodes: { ...flow.nodes, if: { ...choose('hi'), config: { equals: false } } } }
    expect(start(falsy as never, { input: { question: false } }).end().answer).toEqual({ answer: 'ran' })
  })

  it('when it is switched off; bypassed it copies one inlet to one outlet', () => {
    const flow = (mode: 'off' | { from: string; to: string }) => ({
      nodes: { ask, loud: { ...upper, mode }, answer: out('answer', { required: false }) },
      edges: ['ask.question -> loud.text', 'loud.text -> answer.value'],
    })
    expect(start(flow('off')).lines()).toContain('skipped loud')
    expect(start(flow({ from: 'text', to: 'text' })).end().answer).toEqual({ answer: 'hi' })
  })
})

describe('rule 1.1.6: a step that fails', () => {
  const rescue = {
    nodes: {
      ask,
      bad: failing('upstream_auth', {}),
      rescue: join('error'),
      answer: out('answer', { type: 'json' }),
    },
    edges: ['ask.question -> bad.value', 'bad.error -> rescue.error', 'rescue.all -> answer.value'],
  }

  it('gives its error outlet the error', () => {
    const started = start(rescue)
    expect(started.lines().slice(2, 4)).toEqual(['start bad', 'failed bad upstream_auth'])
    expect(started.end().answer).toEqual({
      answer: {
        error: {
          code: 'upstream_auth',
          message: 'The provider refused our credential.',
          retryable: false,
          node: 'bad',
        },
      },
    })
  })

  it('takes `error` as absent when it ends well', () => {
    const started = start({
      nodes: { ask, good: upper, rescue: fixed('!'), both: merge, answer: out() },
      edges: [
        'ask.question -> good.text',
        'good.error -> rescue.when',
        'good.text -> both.value',
        'rescue.text -> both.value',
        'both.value -> answer.value',
      ],
    })
    expect(started.lines()).toContain('skipped rescue')
    expect(started.end().answer).toEqual({ answer: 'HI' })
  })

  it('fails the run with its code where nobody takes the error', () => {
    const started = start({
      nodes: { ask, bad: failing('flow_error'), answer: out() },
      edges: ['ask.question -> bad.value', 'bad.text -> answer.value'],
    })
    expect(started.lines().slice(2)).toEqual([
      'start bad',
      'failed bad flow_error',
      'run failed flow_error at bad',
    ])
  })

  it('is our fault when it throws what is not one of our errors', () => {
    const started = start({
      nodes: { ask, bad: failing('bug'), answer: out() },
      edges: ['ask.question -> bad.value', 'bad.text -> answer.value'],
    })
    const end = started.end()
    expect(end).toMatchObject({ type: 'run-failed', error: { code: 'internal', node: 'bad' } })
    expect(JSON.stringify(end)).not.toContain('oops')
  })

  it('gives the values of `policy.default`, and the run is degraded', () => {
    const policy = { onError: 'default', default: { text: 'fallen back' } } as const
    const started = start({
      nodes: { ask, bad: failing('tool_failed', { policy }), answer: out() },
      edges: ['ask.question -> bad.value', 'bad.text -> answer.value'],
    })
    expect(started.lines().slice(2)).toEqual([
      'start bad',
      'failed bad tool_failed [text]',
      'start answer',
      'field answer "fallen back"',
      'ok answer',
      'finished {"answer":"fallen back"}',
    ])
    expect(started.end().totals.degraded).toBe(true)
  })

  it('fails when an outlet that must be heard has a value and no edge', () => {
    const guard = {
      type: 'guard',
      inlets: { value: inlet('text') },
      outlets: { pass: outlet('text'), verdict: outlet('json') },
    }
    const blocked = { ...outlet('json'), unhandled: 'guard_blocked_input' }
    const flow = (edges: readonly string[]) => ({
      nodes: {
        ask,
        guard: { ...guard, outlets: { ...guard.outlets, blocked } },
        seen: out('seen', { type: 'json', required: false }),
        answer: out('answer', { required: false }),
      },
      edges: ['ask.question -> guard.value', 'guard.pass -> answer.value', ...edges],
    })
    const runners = () => ({
      guard: { run: () => ({ verdict: {}, blocked: { guard: 'x', reason: 'pattern' } }) },
    })
    expect(start(flow([]), { runners }).end()).toMatchObject({
      type: 'run-failed',
      error: { code: 'guard_blocked_input', node: 'guard', details: { reason: 'pattern' } },
    })
    expect(start(flow(['guard.blocked -> seen.value']), { runners }).end()).toMatchObject({
      type: 'run-finished',
      answer: { seen: { reason: 'pattern' } },
    })
  })
})

describe('an outlet that is a promise', () => {
  const flow = {
    nodes: {
      ask,
      slowly: {
        type: 'slowly',
        inlets: { text: inlet('text') },
        outlets: { now: outlet('text'), later: outlet('text') },
      },
      now: out('now', { required: false }),
      later: out('later', { required: false }),
      rescue: fixed('rescued'),
      why: out('why', { required: false }),
    },
    edges: [
      'ask.question -> slowly.text',
      'slowly.now -> now.value',
      'slowly.later -> later.value',
      'slowly.error -> rescue.when',
      'rescue.text -> why.value',
    ],
  }
  const giving = (outlets: (clock: VirtualClock) => object) => (clock: VirtualClock) =>
    ({ slowly: { run: () => outlets(clock) } }) as never
  const in20 = <T>(clock: VirtualClock, settle: () => T) =>
    new Promise<T>((resolve, reject) => {
      clock.after(20, () => {
        try {
          resolve(settle())
        } catch (thrown) {
          reject(thrown as Error)
        }
      })
    })
  const fail = () => {
    throw new AppError('tool_failed')
  }

  it('settles later, while what is there goes on', async () => {
    const runners = giving((clock) => ({ now: 'here', later: in20(clock, () => 'there') }))
    const { lines, events, times } = await run(flow, { runners })
    const fields = events.flatMap((event, at) => (event.type === 'field' ? [[event.field, times[at]]] : []))
    expect(fields).toEqual([
      ['now', 0],
      ['later', 20],
    ])
    expect(lines()).toContain('skipped rescue')
  })

  it('is absent when it turns out to be undefined', async () => {
    const runners = giving((clock) => ({ now: 'here', later: in20(clock, () => undefined) }))
    const { end, lines } = await run(flow, { runners })
    expect(end().answer).toEqual({ now: 'here' })
    expect(lines()).toContain('ok slowly [now]')
  })

  it('fails the step while nothing was given, which can be handled', async () => {
    const runners = giving((clock) => ({ later: in20(clock, fail) }))
    const { end, lines } = await run(flow, { runners })
    expect(end().answer).toEqual({ why: 'rescued' })
    expect(lines()).toContain('failed slowly tool_failed')
  })

  it('is absent when it fails after something was given: the error is told nobody but the log', async () => {
    const runners = giving((clock) => ({ now: 'here', later: in20(clock, fail) }))
    const { end, lines } = await run(flow, { runners })
    expect(end()).toMatchObject({ type: 'run-finished', answer: { now: 'here' } })
    expect(lines()).toContain('failed slowly tool_failed [now]')
    expect(lines()).toContain('skipped rescue')
  })
})

describe('rule 1.1.7: when a run fails, what runs is aborted', () => {
  const flow = {
    nodes: {
      ask,
      busy: model('m'),
      bad: slow(40, { code: 'flow_error' }),
      answer: out(),
      other: out('other'),
    },
    edges: [
      'ask.question -> busy.text',
      'ask.question -> bad.text',
      'busy.text -> answer.value',
      'bad.text -> other.value',
    ],
  }

  it('at once, upstream included', async () => {
    const started = await run(flow, { script: hang })
    expect(started.lines().slice(-4)).toEqual([
      'start bad',
      'failed bad flow_error',
      'aborted busy flow_error',
      'run failed flow_error at bad',
    ])
    expect(started.models.calls.map((call) => call.abortedAt)).toEqual([40])
    expect(started.clock.waiting).toBe(0)
  })

  it('also when the caller leaves, and it says so once', async () => {
    const started = start(flow, { script: hang })
    await started.clock.advance(10)
    started.handle.abort(new AppError('cancelled'))
    started.handle.abort(new AppError('timeout'))
    await started.clock.advance(1_000)
    expect(started.lines().slice(-3)).toEqual([
      'aborted busy cancelled',
      'aborted bad cancelled',
      'run failed cancelled',
    ])
    expect(started.models.calls[0]?.abortedAt).toBe(10)
  })

  it('also when its time is up', async () => {
    const started = await run(flow, { script: hang, limits: { timeoutMs: 25 } })
    expect(started.lines().at(-1)).toBe('run failed timeout')
    expect(started.models.calls[0]?.abortedAt).toBe(25)
  })
})

describe('rule 1.1.8: same input, seed and effects give the same events', () => {
  const flow = {
    nodes: {
      ask,
      dice: { type: 'dice', outlets: { text: outlet('text') }, inlets: { text: inlet('text') } },
      answer: out(),
    },
    edges: ['ask.question -> dice.text', 'dice.text -> answer.value'],
  }
  const runners = () => ({
    dice: {
      run: ({ ctx }: { ctx: { random(): number; bucket(salt: string, key?: string): number } }) => ({
        text: [ctx.random(), ctx.random(), ctx.bucket('s'), ctx.bucket('s', 'k')].join(' '),
      }),
    },
  })

  it('and another seed other random numbers, but the same sticky choices', () => {
    const once = start(flow, { runners, seed: 5 })
    expect(start(flow, { runners, seed: 5 }).lines()).toEqual(once.lines())
    const [a, b, c, d] = String(once.end().answer.answer).split(' ')
    const [e, f, g, h] = String(start(flow, { runners, seed: 6 }).end().answer.answer).split(' ')
    expect(a).not.toBe(b)
    expect([e, f]).not.toEqual([a, b])
    expect([g, h]).toEqual([c, d])
  })
})

describe('the end of a run', () => {
  it('fails with no_value when a required output is absent, naming it', () => {
    const started = start({
      nodes: { ask, answer: out(), extra: out('extra', { required: false }) },
      edges: ['ask.question -> extra.value', 'ask.other -> answer.value'],
    })
    expect(started.end()).toMatchObject({
      type: 'run-failed',
      error: { code: 'no_value', node: 'answer', details: { field: 'answer' } },
      answer: { extra: 'hi' },
    })
  })

  it('fails when the answer is too large', () => {
    const flow = { nodes: { ask, answer: out() }, edges: ['ask.question -> answer.value'] }
    const big = start(flow, { input: { question: 'x'.repeat(101) }, limits: { answerBytes: 100 } })
    expect(big.end()).toMatchObject({
      type: 'run-failed',
      error: { code: 'output_invalid', details: { reason: 'too_large' } },
    })
    expect(
      start(flow, { input: { question: 'x'.repeat(100) }, limits: { answerBytes: 100 } }).end().type,
    ).toBe('run-finished')
  })

  it('fails with loop_limit when it took too many steps', () => {
    const flow = {
      nodes: { ask, loud: upper, answer: out() },
      edges: ['ask.question -> loud.text', 'loud.text -> answer.value'],
    }
    expect(start(flow, { limits: { maxSteps: 3 } }).end().type).toBe('run-finished')
    expect(start(flow, { limits: { maxSteps: 2 } }).end()).toMatchObject({
      error: { code: 'loop_limit', details: { reason: 'steps' } },
    })
  })

  it('answers for nodes that write where writing is not wanted, by stub or by type', () => {
    const flow = (more: object) => ({
      nodes: { ask, save: { ...write, ...more }, answer: out('answer', { type: 'json' }) },
      edges: ['ask.question -> save.value', 'save.done -> answer.value'],
    })
    const facts = { stubWrites: true }
    expect(start(flow({})).end().answer).toEqual({ answer: true })
    expect(start(flow({}), { facts }).end().answer).toEqual({ answer: false })
    expect(start(flow({ stub: { done: true } }), { facts }).end().answer).toEqual({ answer: true })
  })
})
