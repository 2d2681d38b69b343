import { describe, expect, test } from 'vitest'
import { drawing, plan, step, told } from '../../../test/compile/drawing.ts'
import type { Flow, FlowNode } from '../types.ts'

/** ask → compose → model, and an output `answer`; the edges say the rest. */
function flow(nodes: Readonly<Record<string, string | FlowNode>>, edges: string): Flow {
  return drawing(
    { ask: 'input', compose: 'prompt', model: 'chat-model', answer: 'output', ...nodes },
    `ask.question -> compose.question\ncompose.messages -> model.messages\n${edges}`,
  )
}

function streaming(drawn: Flow): readonly string[] {
  return plan(drawn)
    .edges.filter(({ streams }) => streams)
    .map(({ text }) => text)
}

const window: FlowNode = { type: 'guard', config: { on_stream: 'window' } }

describe('an edge streams', () => {
  test('from a source to an output', () => {
    expect(streaming(flow({}, 'model.text -> answer.value'))).toEqual(['model.text -> answer.value'])
  })

  test('through every node that hands the stream on', () => {
    const drawn = flow(
      { clean: window, pick: 'fallback', sorry: 'template' },
      'model.text -> clean.value\nclean.pass -> pick.try_1\nsorry.text -> pick.try_2\npick.value -> answer.value',
    )
    expect(streaming(drawn)).toEqual([
      'clean.pass -> pick.try_1',
      'model.text -> clean.value',
      'pick.value -> answer.value',
    ])
  })

  test('to the output and not to the node that wants the whole text', () => {
    const drawn = flow(
      {
        log: { type: 'output', config: { field: 'log' } },
        aside: { type: 'template', config: { text: '{{ value }}' } },
        answer: { type: 'output', config: { main: true } },
      },
      'model.text -> answer.value\nmodel.text -> aside.value\naside.text -> log.value',
    )
    expect(streaming(drawn)).toEqual(['model.text -> answer.value'])
    expect(told(drawn)).toEqual(['stream_buffered aside.value'])
  })

  test('as messages too', () => {
    const drawn = flow(
      { answer: { type: 'output', config: { type: 'messages' } } },
      'model.message -> answer.value',
    )
    expect(streaming(drawn)).toEqual(['model.message -> answer.value'])
  })

  test('through a bypassed node, whatever it reads', () => {
    const drawn = flow(
      { clean: { type: 'guard', mode: 'bypass' } },
      'model.text -> clean.value\nclean.pass -> answer.value',
    )
    expect(streaming(drawn)).toEqual(['clean.pass -> answer.value', 'model.text -> clean.value'])
    expect(step(plan(drawn), 'clean')).toMatchObject({
      mode: { from: 'value', to: 'pass' },
      inlets: [{ reads: 'early' }],
    })
  })
})

describe('no edge streams', () => {
  const cases: readonly [string, Flow][] = [
    [
      'where the output wants no stream',
      flow({ answer: { type: 'output', config: { stream: false } } }, 'model.text -> answer.value'),
    ],
    [
      'where the output is kept for the log',
      flow({ answer: { type: 'output', config: { share: false } } }, 'model.text -> answer.value'),
    ],
    [
      'where a value is turned into another type',
      flow({ answer: { type: 'output', config: { type: 'messages' } } }, 'model.text -> answer.value'),
    ],
    ['from what is no source', flow({}, 'model.usage -> answer.value')],
    ['from an error', flow({ sorry: 'template' }, 'model.error -> answer.value')],
    [
      'into a node that collects',
      flow({ clean: 'guard' }, 'model.text -> clean.value\nclean.pass -> answer.value'),
    ],
    ['into a when', flow({ sorry: 'template' }, 'model.text -> sorry.when\nsorry.text -> answer.value')],
  ]
  test.each(cases)('%s', (_what, drawn) => {
    expect(streaming(drawn)).toEqual([])
    expect(plan(drawn).streams).toBe(false)
  })
})

describe('the node that holds a stream up is named', () => {
  test('the first on the way, once', () => {
    const drawn = flow(
      { first: 'guard', second: 'guard' },
      'model.text -> first.value\nfirst.pass -> second.value\nsecond.pass -> answer.value',
    )
    expect(told(drawn)).toEqual(['stream_buffered first.value'])
  })

  test('behind nodes that do not hold it up', () => {
    const drawn = flow(
      { first: window, second: 'guard' },
      'model.text -> first.value\nfirst.pass -> second.value\nsecond.pass -> answer.value',
    )
    expect(told(drawn)).toEqual(['stream_buffered second.value'])
  })

  test('an output that gets another type than it gives', () => {
    const drawn = flow(
      { answer: { type: 'output', config: { type: 'messages' } } },
      'model.text -> answer.value',
    )
    expect(told(drawn)).toEqual(['stream_buffered answer.value'])
  })

  test('but not before a model that streams again', () => {
    const drawn = flow(
      { again: 'prompt', second: 'chat-model' },
      'model.text -> again.question\nagain.messages -> second.messages\nsecond.text -> answer.value',
    )
    expect(told(drawn)).toEqual([])
    expect(streaming(drawn)).toEqual(['second.text -> answer.value'])
  })

  test('and not where no output streams', () => {
    const drawn = flow(
      { clean: 'guard', answer: { type: 'output', config: { stream: false } } },
      'model.text -> clean.value\nclean.pass -> answer.value',
    )
    expect(told(drawn)).toEqual([])
  })
})

test('a step that hands a stream on has no time limit of its own, unless one is set', () => {
  const edges = 'model.text -> clean.value\nclean.pass -> answer.value'
  const limit = (policy: FlowNode['policy']) =>
    step(plan(flow({ clean: { ...window, ...(policy && { policy }) } }, edges)), 'clean').policy.timeoutMs
  expect(limit(undefined)).toBeNull()
  expect(limit({ timeout_ms: 700 })).toBe(700)
  const collecting = plan(flow({ clean: 'guard' }, edges))
  expect(step(collecting, 'clean').policy.timeoutMs).toBe(10_000)
  expect(step(collecting, 'model').policy.timeoutMs).toBe(60_000)
})
