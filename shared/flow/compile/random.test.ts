import { expect, test } from 'vitest'
import { madeUp } from '../../../test/compile/definitions.ts'
import { byType, drawing, env, short } from '../../../test/compile/drawing.ts'
import { madeUpKinds } from '../../../test/compile/kinds.ts'
import { simulate } from '../../../test/compile/simulate.ts'
import { garbageFlow, randomFlow, seeded, shuffled } from '../../../test/random/flow.ts'
import type { Problem } from '../diagnostics.ts'
import { applyEdits } from '../edit.ts'
import type { Plan } from '../plan.ts'
import type { Flow } from '../types.ts'
import { compile } from './compile.ts'

const definitions = byType(madeUp)
const facts = env()
const kinds = { kinds: madeUpKinds }

/** Every list points to what points back, edges go forward, and each inlet has as many edges as it may. */
function faults(plan: Plan): readonly string[] {
  const found: string[] = []
  const claim = (holds: boolean, what: string) => {
    if (!holds) found.push(what)
  }
  const out = plan.steps.map((step) => [...step.outlets.flatMap(({ edges }) => edges), ...step.error])
  const into = plan.steps.map((step) => [...step.inlets.flatMap(({ edges }) => edges), ...step.when])
  claim(Object.isFrozen(plan) && Object.isFrozen(plan.steps[0]?.inlets), 'frozen')
  claim(out.flat().length === plan.edges.length && into.flat().length === plan.edges.length, 'each edge once')
  plan.edges.forEach((edge, index) => {
    claim(edge.index === index && edge.from < edge.to, `order of ${edge.text}`)
    claim(
      out[edge.from]?.includes(index) === true && into[edge.to]?.includes(index) === true,
      `ends of ${edge.text}`,
    )
    claim(!edge.streams || edge.conversion === 'none', `stream of ${edge.text}`)
  })
  plan.steps.forEach((step, index) => {
    claim(step.index === index, `index of ${step.id}`)
    for (const inlet of step.inlets) {
      claim(inlet.gather !== 'one' || inlet.edges.length <= 1, `${step.id}.${inlet.name} takes one`)
      claim(!inlet.required || inlet.edges.length > 0, `${step.id}.${inlet.name} is fed`)
    }
    const around: number[] = []
    for (let at = step.branch; at >= 0; at = plan.branches[at]?.parent ?? -1) around.push(at)
    claim(
      plan.branches.every(({ members }, branch) => members.includes(index) === around.includes(branch)),
      `members at ${step.id}`,
    )
    claim(
      String(step.gates) === String(around.filter((branch) => (plan.branches[branch]?.k ?? 0) > 1)),
      `gates of ${step.id}`,
    )
    claim(step.answer < 0 || plan.answer.fields[step.answer]?.step === index, `answer of ${step.id}`)
  })
  plan.branches.forEach((branch, index) => {
    claim(branch.index === index && plan.steps[branch.owner]?.branch === branch.parent, `branch ${index}`)
    claim(branch.next < 0 || plan.branches[branch.next]?.k === branch.k + 1, `next of branch ${index}`)
    const ends = branch.members
      .flatMap((member) => out[member] ?? [])
      .filter((edge) => !branch.edges.includes(edge))
    claim(
      ends.every((edge) => branch.members.includes(plan.edges[edge]?.to ?? -1)),
      `nothing leaves branch ${index}`,
    )
  })
  claim(plan.answer.fields.filter(({ main }) => main).length === 1 && plan.answer.main >= 0, 'one main field')
  return found
}

/** Fixes what can be fixed, the first problem first, a few times over. */
function repaired(flow: Flow): Flow {
  let current = flow
  for (let round = 0; round < 12; round += 1) {
    const fix = compile(current, facts).problems.find(
      ({ severity, fix: each }) => severity === 'error' && each,
    )?.fix
    if (!fix) break
    current = applyEdits(current, fix.edits)
  }
  return current
}

test('10,000 random flows: compiling ends, never throws, and every plan is well formed', () => {
  let accepted = 0
  for (let seed = 0; seed < 10_000; seed += 1) {
    const flow =
      seed % 4 === 3
        ? garbageFlow(seed, kinds)
        : randomFlow(seed, { ...kinds, wiring: seed % 4 === 0 ? 'wild' : 'sound' })
    const { plan, problems } = compile(flow as Flow, facts)
    expect(plan === null, `seed ${seed}`).toBe(problems.some(({ severity }) => severity === 'error'))
    if (!plan) continue
    accepted += 1
    expect(faults(plan), `seed ${seed}`).toEqual([])
  }
  expect(accepted).toBeGreaterThan(500)
})

test('no merge inlet ever has two values, and no certain output is missed, in any run', () => {
  let played = 0
  for (let seed = 0; seed < 2_000; seed += 1) {
    const flow = repaired(randomFlow(seed, { ...kinds, wiring: 'sound', maxNodes: 14 }))
    const { plan, problems } = compile(flow, facts)
    if (!plan) continue
    const missable = new Set(
      problems.flatMap(({ code, at }) => (code === 'output_missable' ? [at.node] : [])),
    )
    for (let run = 0; run < 8; run += 1) {
      const { failed, doubled, ran } = simulate(plan, definitions, seeded(seed * 8 + run))
      expect(doubled, `seed ${seed}`).toEqual([])
      if (failed) continue
      played += 1
      for (const { step, required } of plan.answer.fields) {
        const id = plan.steps[step]?.id ?? ''
        if (required && !missable.has(id)) expect(ran.has(id), `seed ${seed}: ${id}`).toBe(true)
      }
    }
  }
  expect(played).toBeGreaterThan(1_000)
})

test('the order of nodes and edges makes no difference', () => {
  for (let seed = 0; seed < 500; seed += 1) {
    const flow = randomFlow(seed, { ...kinds, wiring: seed % 2 === 0 ? 'wild' : 'sound' })
    const random = seeded(seed)
    const other = {
      ...flow,
      nodes: Object.fromEntries(shuffled(random, Object.entries(flow.nodes))),
      edges: shuffled(random, flow.edges),
    }
    const [one, two] = [compile(flow, facts), compile(other, facts)]
    expect(two.plan).toEqual(one.plan)
    expect(two.problems.map(short).sort()).toEqual(one.problems.map(short).sort())
  }
})

test('every fix takes its problem away', () => {
  const same = (a: Problem) => (b: Problem) => short(a) === short(b) && a.message === b.message
  let tried = 0
  for (let seed = 0; seed < 800; seed += 1) {
    const flow = randomFlow(seed, { ...kinds, wiring: seed % 3 === 0 ? 'sound' : 'wild' })
    for (const problem of compile(flow, facts).problems) {
      if (!problem.fix) continue
      tried += 1
      const after = compile(applyEdits(flow, problem.fix.edits), facts)
      expect(
        after.problems.find(same(problem)),
        `seed ${seed}: ${short(problem)} ${problem.message}`,
      ).toBeUndefined()
    }
  }
  expect(tried).toBeGreaterThan(2_000)
})

test('nothing at all is no flow, and is told so', () => {
  for (const nothing of [
    undefined,
    null,
    7,
    'flow',
    [],
    { nodes: [], edges: {} },
    { nodes: { a: null }, edges: [null] },
  ]) {
    const { plan, problems } = compile(nothing as unknown as Flow, facts)
    expect(plan).toBeNull()
    expect(problems.length).toBeGreaterThan(0)
  }
})

test('more nodes than a flow may have are refused and not compiled', () => {
  const nodes = Object.fromEntries(
    Array.from({ length: 2_001 }, (_, index) => [`n${index}`, 'template' as const]),
  )
  expect(compile(drawing(nodes), facts).problems.map(short)).toEqual(['file_limit', 'no_output'])
})
