// `npm test`: every check of the product in one run. The last line counts them: `N passed, N failed`.
import { spawn } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'

interface Tally {
  readonly passed: number
  readonly failed: number
  /** Full names, because a test that is skipped without being named is soon forgotten. */
  readonly skipped: readonly string[]
}

interface Stage {
  readonly name: string
  /** Prints nothing itself when `quiet`; what it has to say comes back as `output`. */
  readonly run: () => Promise<{ readonly tally: Tally; readonly output: string }>
}

const root = join(import.meta.dirname, '..')
const bin = (path: string) => join(root, 'node_modules', path)

// Seconds each and independent of one another: they run at the same time and report in this order.
const checks: readonly Stage[] = [
  check('types', [bin('typescript/bin/tsc'), '-b', '--pretty', 'false']),
  check('lint', [
    bin('@biomejs/biome/bin/biome'),
    'ci',
    '--config-path=build/lint.json',
    '--error-on-warnings',
    '--colors=off',
  ]),
  check('generated files', [join(root, 'build', 'registry.ts'), '--check']),
]

// One after the other: they share the machine's processor and its ports.
const suites: readonly Stage[] = [{ name: 'unit and integration', run: vitest }]

function check(name: string, args: readonly string[]): Stage {
  return {
    name,
    run: async () => {
      const { code, output } = await node(args, 'collect')
      const tally = { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: [] }
      return { tally, output: code === 0 ? '' : output }
    },
  }
}

interface Report {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly testResults: readonly {
    readonly name: string
    readonly status: string
    readonly message: string
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[]
  }[]
}

async function vitest() {
  const file = bin('.cache/vitest/report.json')
  rmSync(file, { force: true })
  const args = [bin('vitest/vitest.mjs'), 'run', '--config', 'build/vitest.config.ts']
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
  const { code } = await node([...args, ...reporters], 'show')
  const report = readReport(file)
  if (!report) return { tally: { passed: 0, failed: 1, skipped: [] }, output: 'vitest left no report' }
  const broken = report.testResults.filter(
    (result) =>
      result.status === 'failed' && !result.assertionResults.some((test) => test.status === 'failed'),
  )
  const skipped = report.testResults.flatMap((result) =>
    result.assertionResults
      .filter((test) => test.status !== 'passed' && test.status !== 'failed')
      .map((test) => `${relative(root, result.name)} > ${test.fullName}`),
  )
  // A file that cannot be loaded has no tests to count, and an unhandled error belongs to none: each is a failure.
  const failed = report.numFailedTests + broken.length
  const unexplained = code !== 0 && failed === 0 ? 1 : 0
  return { tally: { passed: report.numPassedTests, failed: failed + unexplained, skipped }, output: '' }
}

function readReport(file: string): Report | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Report
  } catch {
    return undefined
  }
}

function node(args: readonly string[], output: 'show' | 'collect') {
  const { promise, resolve } = Promise.withResolvers<{ code: number; output: string }>()
  const stdio = output === 'show' ? 'inherit' : 'pipe'
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', stdio, stdio] })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
    })
  }
  child.on('error', (error) => resolve({ code: 127, output: error.message }))
  child.on('close', (code) => resolve({ code: code ?? 1, output: text }))
  return promise
}

const started = performance.now()
const tallies: Tally[] = []

async function report(stage: Stage, running: ReturnType<Stage['run']>) {
  console.log(`\n== ${stage.name}`)
  const { tally, output } = await running
  if (output) console.log(output.trimEnd())
  console.log(tally.failed === 0 ? 'ok' : 'FAILED')
  tallies.push(tally)
}

const running = checks.map((stage) => ({ stage, result: stage.run() }))
for (const { stage, result } of running) await report(stage, result)
for (const stage of suites) await report(stage, stage.run())

const passed = tallies.reduce((sum, tally) => sum + tally.passed, 0)
const failed = tallies.reduce((sum, tally) => sum + tally.failed, 0)
const skipped = tallies.flatMap((tally) => tally.skipped)
if (skipped.length > 0) console.log(`\nskipped:\n${skipped.map((name) => `  ${name}`).join('\n')}`)
console.log(`\n${((performance.now() - started) / 1000).toFixed(1)} s`)
console.log(`${passed} passed, ${failed} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ''}`)
process.exitCode = failed === 0 ? 0 : 1
