// What guards cost: `node test/guards/bench.ts`. Prints p50 and p99 in milliseconds per text.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { guardBuilders } from '#main/guards/builders.ts'
import { Views } from '#main/guards/text/normalise.ts'
import { defaultPiiKinds, defaultPiiRegions } from '#shared/guards/pii-config.ts'

const fixtures = join(import.meta.dirname, '../fixtures/guards')
const texts = (file: string) =>
  readFileSync(join(fixtures, file), 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => (JSON.parse(line) as { text: string }).text)

const benign = texts('benign-sample.jsonl')
const personal = texts('presidio-synth-v2.jsonl')

/** Different texts of one length, so that nothing is answered from memory. */
function cutTo(source: readonly string[], size: number, count: number): readonly string[] {
  const all = source.join('\n')
  const whole = all.repeat(Math.ceil((size * 2) / all.length))
  return Array.from({ length: count }, (_, i) => {
    const at = Math.floor((i / count) * (whole.length - size))
    return whole.slice(at, at + size)
  })
}

const started = performance.now()
const guards = guardBuilders()
const pii = guards.pii({ kinds: defaultPiiKinds, regions: defaultPiiRegions, custom: [] })
const secrets = guards.secrets({ generic: false })
const generic = guards.secrets({ generic: true })
const words = guards.rule({
  kind: 'contains',
  words: ['ignore all previous instructions', 'internal use only', 'forbidden'],
})
console.log(`built in ${(performance.now() - started).toFixed(1)} ms`)

const jobs: Readonly<Record<string, (text: string) => unknown>> = {
  'views (folded and decoded)': (text) => {
    const views = new Views(text)
    return [views.folded, views.cased]
  },
  'personal data': pii,
  secrets,
  'secrets, generic too': generic,
  'word list': (text) => words?.(text),
  'personal data + secrets + word list': (text) => [pii(text), secrets(text), words?.(text)],
}

for (const [name, source, size, count] of [
  ['4 kB, ordinary', benign, 4_096, 400],
  ['4 kB, dense in personal data', personal, 4_096, 400],
  ['32 kB slice, ordinary', benign, 32_768, 40],
  ['256 kB, ordinary', benign, 262_144, 8],
] as const) {
  console.log(`\n${name}`)
  const cuts = cutTo(source, size, count)
  for (const [job, run] of Object.entries(jobs)) {
    for (const text of cuts.slice(0, 40)) run(text)
    const times = cuts
      .map((text) => {
        const before = performance.now()
        run(`${text} `)
        return performance.now() - before
      })
      .sort((a, b) => a - b)
    const at = (share: number) =>
      (times[Math.min(times.length - 1, Math.floor(share * times.length))] ?? 0).toFixed(2)
    console.log(`  ${job.padEnd(38)} p50 ${at(0.5).padStart(7)}  p99 ${at(0.99).padStart(7)}`)
  }
}
