// Random flows through compiler and engine, with nodes that throw dice: whatever they do, the rules of settling hold.
import { expect, it } from 'vitest'
import { type Prepared, prepare } from '#main/engine/prepare.ts'
import { compile } from '#shared/flow/compile/compile.ts'
import { applyEdits } from '#shared/flow/edit.ts'
import type { Plan } from '#shared/flow/plan.ts'
import type { Flow } from '#shared/flow/types.ts'
import type { RunEvent, StepRecord } from '#shared/run/events.ts'
import { madeUp } from '../compile/definitions.ts'
import { env } from '../compile/drawing.ts'
import { madeUpKinds } from '../compile/kinds.ts'
import { randomFlow, seeded } from '../random/flow.ts'
import { virtualClock } from '../virtual-clock.ts'
import { diceRunners } from './dice.ts'
import { builders, prepareTest, start } from './kit.ts'
import { randomStreams } from './random-streams.ts'

const facts = env()

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

interface Played {
  readonly plan: Plan
  readonly events: readonly RunEvent[]
  readonly over: boolean
  /** Events that came after the last one. */
  readonly after: number
}

async function play(
  prepared: (clock: ReturnType<typeof virtualClock>) => Prepared,
  seed: number,
  stream: boolean,
): Promise<Played> {
  const clock = virtualClock()
  const live = prepared(clock)
  const started = start({} as never, {
    clock,
    prepared: live,
    seed,
    stream,
    input: { question: 'hi', rows: { a: 1 } },
    limits: { timeoutMs: 20_000 },
  })
  const over = await clock.until(started.over)
  const count = started.events.length
  await clock.advance(1_000)
  return { plan: live.plan, events: started.events, over, after: started.events.length - count }
}

/** What the events say against the rules, by rule. */
function faults({ plan, events, over, after }: Played): string[] {
  const found: string[] = []
  const ends = events.filter((event) => event.type === 'run-finished' || event.type === 'run-failed')
  if (!over || ends.length !== 1 || ends[0] !== events.at(-1)) found.push('exactly one end, last')
  if (after > 0) found.push('silence after the end')
  const finished = ends[0]?.type === 'run-finished'
  const records = new Map<number, StepRecord>()
  const begun = new Set<number>()
  for (const event of events) {
    if (event.type === 'step-started') {
      if (begun.has(event.step) || records.has(event.step))
        found.push(`${event.node} starts once, before its end`)
      begun.add(event.step)
    } else if (event.type === 'step-settled') {
      const { record } = event
      if (records.has(record.step)) found.push(`${record.node} settles once`)
      records.set(record.step, record)
      if (record.status === 'ok' && !begun.has(record.step)) found.push(`${record.node} was started`)
      if (/skipped|standby/.test(record.status) && begun.has(record.step))
        found.push(`${record.node} did not run`)
    }
  }
  if (finished && records.size !== plan.steps.length) found.push('every step settles')
  const hasValue = (edge: number) => {
    const { from = -1, outlet = '' } = plan.edges[edge] ?? {}
    const record = records.get(from)
    const step = plan.steps[from]
    if (!step?.error.includes(edge)) return record?.taken.includes(outlet) === true
    // Of the outlets that it took before it failed, only those with an edge keep the error from being told.
    const told = step.outlets.some(({ name, edges }) => edges.length > 0 && record?.taken.includes(name))
    return record?.status === 'failed' && !told
  }
  for (const step of plan.steps) {
    const record = records.get(step.index)
    const tries = new Set(
      plan.branches.flatMap((branch) => (branch.owner === step.index ? [branch.port] : [])),
    )
    for (const inlet of step.inlets) {
      const values = inlet.edges.filter(hasValue).length
      if (!tries.has(inlet.name) && inlet.gather !== 'race' && values > 1)
        found.push(`${step.id}.${inlet.name} has one value`)
      if (record?.status === 'ok' && inlet.required && values === 0)
        found.push(`${step.id}.${inlet.name} had a value`)
    }
    if (record?.status === 'ok' && step.when.length > 0 && !step.when.some(hasValue))
      found.push(`${step.id} was wanted`)
  }
  for (const branch of plan.branches) {
    const owner = records.get(branch.owner)
    if (owner?.status === 'ok' && branch.next >= 0) {
      const won = plan.branches.filter((other) => other.owner === branch.owner && other.edges.some(hasValue))
      if (won.length > 1 && !branch.restart) {
        const members = new Set(won.flatMap((other) => other.members))
        // A pure source that others read too has a value whether or not its turn came.
        if (won.every((other) => other.edges.every((edge) => members.has(plan.edges[edge]?.from ?? -1)))) {
          found.push(`${plan.steps[branch.owner]?.id} has one try with a value`)
        }
      }
    }
  }
  return found
}

it('dice for nodes: every run ends once, every step settles once, and no inlet gets two values', async () => {
  const ends = { finished: 0, failed: 0 }
  for (let seed = 0; seed < 1_500; seed += 1) {
    const flow = repaired(randomFlow(seed, { kinds: madeUpKinds, wiring: 'sound', maxNodes: 14 }))
    const { plan } = compile(flow, facts)
    if (!plan) continue
    const prepared = (clock: ReturnType<typeof virtualClock>) =>
      prepare(plan, { runners: diceRunners(madeUp, clock), builders: () => builders })
    for (let dice = 0; dice < 2; dice += 1) {
      for (const stream of plan.streams ? [false, true] : [false]) {
        const played = await play(prepared, seed * 8 + dice, stream)
        expect(faults(played), `seed ${seed}, dice ${dice}, streamed ${stream}`).toEqual([])
        ends[played.events.at(-1)?.type === 'run-finished' ? 'finished' : 'failed'] += 1
      }
    }
  }
  expect(ends.finished).toBeGreaterThan(100)
  expect(ends.failed).toBeGreaterThan(100)
})

it('streams: the same holds, and what arrived in parts is what arrived whole', async () => {
  const seen = { deltas: 0, restarted: 0, finished: 0, failed: 0, switched: 0 }
  for (let seed = 0; seed < 1_500; seed += 1) {
    const { flow, script } = randomStreams(seeded(seed))
    for (const stream of [false, true]) {
      const clock = virtualClock()
      const prepared = prepareTest(flow, clock)
      const started = start(flow, { clock, prepared, script, stream, seed, limits: { timeoutMs: 5_000 } })
      const over = await clock.until(started.over)
      const { events } = started
      const count = events.length
      await clock.advance(1_000)
      const played = { plan: prepared.plan, events, over, after: events.length - count }
      const told = `seed ${seed}, streamed ${stream}`
      expect(faults(played), told).toEqual([])
      expect(joinedParts(events), told).toEqual([])
      const hangs = Object.values(script).some((replies) => replies.some((reply) => reply.hang))
      if (!hangs) expect(started.lines().at(-1), told).not.toContain('run failed timeout')
      for (const call of started.models.calls) {
        expect(call.abortedAt === null || call.attempt.signal.aborted, told).toBe(true)
      }
      for (const event of events) {
        if (event.type === 'delta') seen.deltas += 1
        else if (event.type === 'restarted') seen.restarted += 1
        else if (event.type === 'route-switched') seen.switched += 1
        else if (event.type === 'run-finished') seen.finished += 1
        else if (event.type === 'run-failed') seen.failed += 1
      }
    }
  }
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(10)
})

/** Fields whose parts, since the last restart, are not their value. */
function joinedParts(events: readonly RunEvent[]): string[] {
  const parts = new Map<string, string>()
  const wrong: string[] = []
  for (const event of events) {
    if (event.type === 'delta') parts.set(event.field, `${parts.get(event.field) ?? ''}${event.part}`)
    else if (event.type === 'restarted') for (const field of event.fields) parts.set(field, '')
    else if (event.type === 'field' && parts.has(event.field) && parts.get(event.field) !== event.value)
      wrong.push(event.field)
  }
  return wrong
}
