// How long compiling takes: flows of the largest size, and of the size that people draw. `node test/compile/bench.ts`
import { compile } from '#shared/flow/compile/compile.ts'
import { env } from './drawing.ts'
import { large } from './large.ts'

const facts = env()
const rounds = 15

for (const [name, make] of Object.entries(large)) {
  for (const count of [20, 1_990]) {
    const flow = make(count)
    const times = Array.from({ length: rounds }, () => {
      const start = performance.now()
      compile(flow, facts)
      return performance.now() - start
    }).sort((a, b) => a - b)
    const median = times[Math.floor(rounds / 2)] ?? 0
    process.stdout.write(`${name} of ${count} nodes: ${median.toFixed(1)} ms\n`)
  }
}
