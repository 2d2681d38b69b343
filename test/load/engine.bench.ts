// What the engine costs by itself: `node test/load/engine.bench.ts`. Prints microseconds; nothing is asserted.
import { type Clock, defaultLimits, type RunContext } from '#main/engine/effects.ts'
import { execute } from '#main/engine/execute.ts'
import { type Prepared, prepare } from '#main/engine/prepare.ts'
import type { StreamEvent } from '#shared/model/chat.ts'
import { type RecordFacts, recorder } from '#shared/run/record.ts'
import { ask, builders, merge, model, out, testRunners, upper } from '../flows/kit.ts'
import { planOf, type TestFlow } from '../flows/plan-builder.ts'
import { virtualClock } from '../virtual-clock.ts'

const clock: Clock = {
  now: () => Date.now(),
  ticks: () => performance.now(),
  after: (ms, call) => {
    const timer = setTimeout(call, ms)
    return () => clearTimeout(timer)
  },
}
const answered = Promise.resolve({
  id: 'a',
  model: 'm',
  created: 1,
  parts: [{ type: 'text', text: 'It arrives on Tuesday.' }],
  finish: { reason: 'stop', raw: 'stop' },
  usage: { input: 20, cacheRead: 0, cacheWrite: 0, output: 6, reasoning: 0 },
  warnings: [],
  timing: { firstByteMs: 1, totalMs: 1 },
} as const)
const chunks = 400
const streamed: readonly StreamEvent[] = [
  { type: 'start', id: 'a', model: 'm', created: 1 },
  { type: 'part-start', index: 0, part: 'text' },
  ...Array.from(
    { length: chunks },
    (_, at): StreamEvent => ({ type: 'text-delta', index: 0, text: `word ${at} ` }),
  ),
  { type: 'part-end', index: 0 },
  {
    type: 'finish',
    finish: { reason: 'stop', raw: 'stop' },
    usage: { input: 20, cacheRead: 0, cacheWrite: 0, output: 400, reasoning: 0 },
  },
]
const effects: RunContext['effects'] = {
  clock,
  models: {
    chat: () => answered,
    stream: (_attempt, on) => {
      setImmediate(() => {
        for (const event of streamed) on(event)
      })
      return { resume: () => undefined }
    },
    facts: () => undefined,
    price: () => 0.0001,
  },
  http: () => Promise.reject(new Error('no network here')),
}

function prepared(flow: TestFlow): Prepared {
  return prepare(planOf(flow), { runners: testRunners(virtualClock()), builders: () => builders })
}

function chain(length: number): TestFlow {
  const names = Array.from({ length }, (_, index) => `n${index}`)
  return {
    nodes: { ask, ...Object.fromEntries(names.map((name) => [name, upper])), answer: out() },
    edges: [
      `ask.question -> ${names[0]}.text`,
      ...names.slice(1).map((name, index) => `n${index}.text -> ${name}.text`),
      `${names.at(-1)}.text -> answer.value`,
    ],
  }
}

const asking: TestFlow = {
  nodes: { ask, compose: upper, bot: model('x/m'), check: merge, answer: out() },
  edges: [
    'ask.question -> compose.text',
    'compose.text -> bot.text',
    'bot.text -> check.value',
    'check.value -> answer.value',
  ],
}

const facts: RunContext['facts'] = {
  id: 'run_0123456789abcdefghijklmn',
  input: { fields: { question: 'where is my parcel' } },
  endpoint: 'support',
  label: 'production',
  version: 1,
  variant: null,
  consumer: null,
  metadata: {},
  headers: {},
  vars: {},
  stubWrites: false,
}

function runOnce(plan: Prepared, log: boolean, stream: boolean): Promise<void> {
  return new Promise((resolve) => {
    const record = log ? recorder(recordFacts(plan)) : null
    execute(plan, {
      facts,
      effects,
      limits: defaultLimits,
      ledger: null,
      seed: 1,
      stream,
      watch: false,
      on: (event) => {
        record?.on(event)
        if (event.type === 'run-finished') {
          record?.row()
          resolve()
        } else if (event.type === 'run-failed') throw event.error
      },
    })
  })
}

function recordFacts({ plan }: Prepared): RecordFacts {
  return {
    id: facts.id,
    origin: 'rest',
    endpoint: 'support',
    label: 'production',
    version: 1,
    versionHash: 'sha256:0',
    consumer: 'web',
    key: 'k',
    startedAt: 0,
    input: { question: 'where is my parcel' },
    metadata: {},
    plan,
  }
}

/** Microseconds per Run: the best of several rounds, since other work only makes it slower. */
async function measure(plan: Prepared, { log = false, stream = false } = {}): Promise<number> {
  let best = Number.POSITIVE_INFINITY
  const rounds = 12
  const runs = stream ? 200 : 5_000
  for (let round = 0; round < rounds; round += 1) {
    const begin = performance.now()
    for (let i = 0; i < runs; i += 1) await runOnce(plan, log, stream)
    best = Math.min(best, ((performance.now() - begin) * 1_000) / runs)
  }
  return best
}

const two = await measure(prepared(chain(2)))
const twelve = await measure(prepared(chain(10)))
const forty = await measure(prepared(chain(40)))
const asked = await measure(prepared(asking))
const logged = await measure(prepared(asking), { log: true })
const passed = await measure(prepared(asking), { stream: true })
const show = (what: string, us: number) => process.stdout.write(`${us.toFixed(2).padStart(8)} µs  ${what}\n`)
show('4-step pure plan', two)
show('12-step pure plan (target ≤ 40)', twelve)
show('each further pure step (target ≤ 3)', (forty - two) / 38)
show('prompt + model + check, instant model', asked)
show('the same with its log row', logged)
show('each part of a streamed answer', (passed - asked) / chunks)
