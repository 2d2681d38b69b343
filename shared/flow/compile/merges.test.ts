import { describe, expect, test } from 'vitest'
import { drawing, told } from '../../../test/compile/drawing.ts'
import type { Flow, FlowNode } from '../types.ts'

const arms = (...names: string[]): FlowNode => ({
  type: 'switch',
  config: { cases: Object.fromEntries(names.map((name) => [name, { equals: name }])) },
})
const value: FlowNode = { type: 'template', config: { text: '{{ value }}' } }

/** `ask` and an output `answer`; the edges say the rest. */
function flow(nodes: Readonly<Record<string, string | FlowNode>>, edges: string): Flow {
  return drawing({ ask: 'input', answer: 'output', ...nodes }, edges)
}

describe('two edges into one merge inlet', () => {
  const cases: readonly [string, Flow, boolean][] = [
    [
      'exclude each other: two arms of one node',
      flow(
        { pick: 'if' },
        'ask.question -> pick.value\npick.true -> answer.value\npick.false -> answer.value',
      ),
      true,
    ],
    [
      'exclude each other: far behind two arms',
      flow(
        { pick: 'if', a: value, b: value, c: value },
        'ask.question -> pick.value\npick.true -> a.value\na.text -> b.value\nb.text -> answer.value\npick.false -> c.value\nc.text -> answer.value',
      ),
      true,
    ],
    [
      'exclude each other: three arms of a switch',
      flow(
        { pick: arms('constructor', 'b') },
        'ask.question -> pick.value\npick.constructor -> answer.value\npick.b -> answer.value\npick.default -> answer.value',
      ),
      true,
    ],
    [
      'exclude each other: an error and the value of the same node',
      flow(
        { a: value, b: value },
        'ask.question -> a.value\na.text -> answer.value\na.error -> b.value\nb.text -> answer.value',
      ),
      true,
    ],
    [
      'exclude each other: an error by way of a when',
      flow(
        { a: value, sorry: 'template' },
        'ask.question -> a.value\na.text -> answer.value\na.error -> sorry.when\nsorry.text -> answer.value',
      ),
      true,
    ],
    [
      'exclude each other: what is off never has a value',
      flow(
        { a: { ...value, mode: 'off' }, b: value },
        'ask.question -> a.value\na.text -> answer.value\nask.question -> b.value\nb.text -> answer.value',
      ),
      true,
    ],
    [
      'exclude each other: a merge needs what all its edges need',
      flow(
        { pick: 'if', deep: arms('x'), m: 'first', other: value },
        'ask.question -> pick.value\npick.true -> deep.value\ndeep.x -> m.value\ndeep.default -> m.value\nm.value -> answer.value\npick.false -> other.value\nother.text -> answer.value',
      ),
      true,
    ],
    [
      'exclude each other: pass and blocked of a guard',
      flow(
        { clean: 'guard', b: value },
        'ask.question -> clean.value\nclean.pass -> answer.value\nclean.blocked -> b.value\nb.text -> answer.value',
      ),
      true,
    ],
    [
      'may both come: two outlets of one node that are no arms',
      flow(
        { clean: 'guard', b: value },
        'ask.question -> clean.value\nclean.pass -> answer.value\nclean.verdict -> b.value\nb.text -> answer.value',
      ),
      false,
    ],
    [
      'may both come: the same arm twice',
      flow(
        { pick: 'if', a: value, b: value },
        'ask.question -> pick.value\npick.true -> a.value\npick.true -> b.value\na.text -> answer.value\nb.text -> answer.value',
      ),
      false,
    ],
    [
      'may both come: arms of two different nodes',
      flow(
        { one: 'if', two: 'if' },
        'ask.question -> one.value\nask.question -> two.value\none.true -> answer.value\ntwo.false -> answer.value',
      ),
      false,
    ],
    [
      'may both come: an optional inlet proves nothing',
      flow(
        { pick: 'if', get: { type: 'http', config: { url: 'https://a.test/' } } },
        'ask.question -> pick.value\npick.true -> get.value\nget.body -> answer.value\npick.false -> answer.value',
      ),
      false,
    ],
    [
      'may both come: a merge of both arms needs neither',
      flow(
        { pick: 'if', m: 'first' },
        'ask.question -> pick.value\npick.true -> m.value\npick.false -> m.value\nm.value -> answer.value\npick.false -> answer.value',
      ),
      false,
    ],
    [
      'may both come: a fallback fails for other reasons than the arm behind its tries',
      flow(
        { pick: 'if', a: value, b: value, two: 'fallback', c: value },
        'ask.question -> pick.value\npick.true -> a.value\npick.true -> b.value\na.text -> two.try_1\nb.text -> two.try_2\ntwo.error -> c.value\nc.text -> answer.value\npick.false -> answer.value',
      ),
      false,
    ],
  ]
  test.each(cases)('%s', (_what, drawn, exclusive) => {
    expect(told(drawn).some((one) => one.startsWith('merge_not_exclusive'))).toBe(!exclusive)
  })
})

describe('a required output', () => {
  const cases: readonly [string, Flow, boolean][] = [
    ['is certain: one straight way', flow({}, 'ask.question -> answer.value'), true],
    [
      'is certain: every arm ends there',
      flow(
        { pick: arms('a', 'b'), x: value },
        'ask.question -> pick.value\npick.a -> answer.value\npick.b -> x.value\nx.text -> answer.value\npick.default -> answer.value',
      ),
      true,
    ],
    [
      'is certain: the other arm ends the run',
      flow(
        { clean: 'guard', stop: 'error-output' },
        'ask.question -> clean.value\nclean.pass -> answer.value\nclean.error -> stop.error',
      ),
      true,
    ],
    [
      'is certain: an arm without an edge fails the node',
      flow({ clean: 'guard' }, 'ask.question -> clean.value\nclean.pass -> answer.value'),
      true,
    ],
    [
      'is certain: a coalesce with one certain inlet',
      flow(
        { pick: 'if', sorry: 'template', first: 'coalesce' },
        'ask.question -> pick.value\npick.true -> first.in_1\nsorry.text -> first.in_2\nfirst.value -> answer.value',
      ),
      true,
    ],
    [
      'is certain: a fallback, which has a value or fails',
      flow(
        { pick: 'if', a: value, two: 'fallback' },
        'ask.question -> pick.value\npick.true -> a.value\na.text -> two.try_1\npick.false -> two.try_2\ntwo.value -> answer.value',
      ),
      true,
    ],
    [
      'is certain: arms inside of arms',
      flow(
        { one: 'if', two: 'if' },
        'ask.question -> one.value\none.true -> two.value\ntwo.true -> answer.value\ntwo.false -> answer.value\none.false -> answer.value',
      ),
      true,
    ],
    [
      'can be missed: an arm that leads elsewhere',
      flow(
        { pick: arms('a', 'b') },
        'ask.question -> pick.value\npick.a -> answer.value\npick.default -> answer.value',
      ),
      false,
    ],
    [
      'can be missed: an input that may be left out',
      flow(
        { ask: { type: 'input', config: { fields: { question: { type: 'text', required: false } } } } },
        'ask.question -> answer.value',
      ),
      false,
    ],
    [
      'can be missed: an error that goes elsewhere',
      flow(
        {
          a: value,
          log: { type: 'output', config: { field: 'log', required: false } },
          answer: { type: 'output', config: { main: true } },
        },
        'ask.question -> a.value\na.text -> answer.value\na.error -> log.value',
      ),
      false,
    ],
    [
      'can be missed: a default for another outlet',
      flow(
        { clean: { type: 'guard', policy: { on_error: 'default', default: { verdict: {} } } } },
        'ask.question -> clean.value\nclean.pass -> answer.value',
      ),
      false,
    ],
    [
      'can be missed: an outlet that its node may leave out',
      flow({ chat: 'chat-input' }, 'chat.last_text -> answer.value'),
      false,
    ],
    [
      'can be missed: it is off',
      flow({ answer: { type: 'output', mode: 'off' } }, 'ask.question -> answer.value'),
      false,
    ],
  ]
  test.each(cases)('%s', (_what, drawn, certain) => {
    expect(told(drawn).some((one) => one.startsWith('output_missable'))).toBe(!certain)
  })

  test('is not asked for when it is optional', () => {
    const drawn = flow(
      { pick: 'if', answer: { type: 'output', config: { required: false } } },
      'ask.question -> pick.value\npick.true -> answer.value',
    )
    expect(told(drawn)).toEqual([])
  })
})
