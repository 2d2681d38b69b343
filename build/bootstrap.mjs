// Makes a fresh clone runnable: node build/bootstrap.mjs <script> [arguments].
// No dependencies and plain syntax, because it runs before anything is installed and on Node 18.
// Its own words and npm's go to stderr: stdout belongs to the script (`serve --json` prints one line).
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { basename, delimiter, dirname, isAbsolute, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

const nodeMajor = 24
const windows = process.platform === 'win32'
const signals = windows ? ['SIGINT', 'SIGTERM'] : ['SIGINT', 'SIGTERM', 'SIGHUP']
const signalNumbers = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 }

/** Installs what package-lock.json names, unless the stamp in node_modules says that it is there already. */
export async function ensureInstalled() {
  const stamp = join(root, 'node_modules', '.sluice-stamp')
  const wanted = fingerprint()
  if (read(stamp) === wanted) return
  const release = await lock(join(root, '.install-lock'))
  try {
    // Another bootstrap may have done the work while this one waited for the lock.
    if (read(stamp) === wanted) return
    say('installing packages (once per change of package-lock.json) …')
    rmSync(stamp, { force: true })
    const { code, signal } = await npmCi()
    if (signal || code !== 0) {
      release()
      if (signal) return endAs({ code, signal })
      fail(
        'npm ci failed, so Sluice cannot start. The reason stands above.',
        'The first start needs the npm registry. Check the network or proxy (npm config get registry),',
        'free disk space (1 GB), then run the same command again; nothing has to be cleaned up first.',
      )
    }
    mkdirSync(dirname(stamp), { recursive: true })
    writeFileSync(stamp, wanted)
  } finally {
    release()
  }
}

/** The Node to run the product with: this one if it is new enough, else the locked platform package's. */
export function pickNode() {
  if (Number(process.versions.node.split('.')[0]) >= nodeMajor) return process.execPath
  const name = `node-${windows ? 'win' : process.platform}-${process.arch}`
  try {
    const home = dirname(createRequire(import.meta.url).resolve(`${name}/package.json`))
    const node = join(home, 'bin', windows ? 'node.exe' : 'node')
    if (existsSync(node)) return node
  } catch {
    // Not installed: there is no such package for this platform, or optional packages were left out.
  }
  return fail(
    `Sluice needs Node ${nodeMajor} or newer; this is Node ${process.versions.node} and no bundled Node`,
    `was installed for ${process.platform} ${process.arch}. Install Node ${nodeMajor} from https://nodejs.org and run the command again.`,
  )
}

/** Runs a script under the given Node and ends this process the way the script ends. */
export async function runScript(node, script, args) {
  process.env.PATH = dirname(node) + delimiter + (process.env.PATH ?? '')
  if (node === process.execPath && typeof process.execve === 'function' && !windows) {
    // Becoming the script leaves no second process to keep signals and exit codes in step with.
    try {
      process.execve(node, [node, script, ...args], process.env)
    } catch {
      // Not available here (a worker, or a platform without it): run it as a child instead.
    }
  }
  endAs(await run(node, [script, ...args], 'inherit'))
}

function run(command, args, stdio, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio, ...options })
    const forward = (signal) => {
      // Ctrl-C reaches the whole foreground group of a terminal by itself; a second SIGINT means 'now'.
      if (signal === 'SIGINT' && process.stdin.isTTY) return
      child.kill(signal)
    }
    for (const signal of signals) process.on(signal, forward)
    const done = (outcome) => {
      for (const signal of signals) process.off(signal, forward)
      resolve(outcome)
    }
    child.on('error', (error) => {
      say(`cannot run ${command}: ${error.message}`)
      done({ code: 127, signal: null })
    })
    child.on('close', (code, signal) => done({ code, signal }))
  })
}

function endAs({ code, signal }) {
  if (!signal) process.exit(code ?? 1)
  if (!windows) process.kill(process.pid, signal)
  // Still here: the signal is ignored or unknown on this platform.
  setTimeout(() => process.exit(128 + (signalNumbers[signal] ?? 0)), 100)
}

function npmCi() {
  // dev and optional by name: NODE_ENV=production or an `omit` in someone's npmrc must not drop the bundled Node.
  const args = ['ci', '--ignore-scripts', '--include=dev', '--include=optional', '--no-audit', '--no-fund']
  args.push('--loglevel=error')
  const stdio = ['ignore', 2, 2]
  const npm = process.env.npm_execpath
  if (npm && basename(npm) === 'npm-cli.js')
    return run(process.execPath, [npm, ...args], stdio, { cwd: root })
  return run('npm', args, stdio, { cwd: root, shell: windows })
}

function fingerprint() {
  const hash = createHash('sha256').update(readFileSync(join(root, 'package-lock.json')))
  return `${hash.digest('hex')} ${process.platform} ${process.arch}\n`
}

/** Two `npm ci` at once destroy each other's work. The file is linked into place, so it is never seen empty. */
async function lock(file) {
  const mine = `${file}.${process.pid}`
  const me = String(process.pid)
  writeFileSync(mine, me)
  let waiting = false
  for (;;) {
    try {
      linkSync(mine, file)
      break
    } catch (error) {
      if (error.code !== 'EEXIST') {
        rmSync(mine, { force: true })
        fail(`cannot write in ${root}: ${error.message}`)
      }
    }
    if (abandoned(file)) {
      // Renaming is atomic: of several that see a dead owner only one gets the file, the rest try again.
      try {
        renameSync(file, `${mine}.stale`)
        rmSync(`${mine}.stale`, { force: true })
      } catch {}
      continue
    }
    if (!waiting) say('another process is installing packages; waiting for it …')
    waiting = true
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  rmSync(mine, { force: true })
  const alive = setInterval(() => {
    const now = new Date()
    try {
      utimesSync(file, now, now)
    } catch {}
  }, 5_000)
  alive.unref()
  return () => {
    clearInterval(alive)
    if (read(file) === me) rmSync(file, { force: true })
  }
}

/** The owner is gone, or has not touched its lock for a minute (it ran in another container, say). */
function abandoned(file) {
  try {
    if (Date.now() - statSync(file).mtimeMs > 60_000) return true
    process.kill(Number(readFileSync(file, 'utf8')), 0)
    return false
  } catch (error) {
    return error.code === 'ESRCH'
  }
}

function read(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

function say(line) {
  process.stderr.write(`sluice: ${line}\n`)
}

function fail(...lines) {
  for (const line of lines) say(line)
  process.exit(1)
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [script, ...args] = process.argv.slice(2)
  if (!script) fail('usage: node build/bootstrap.mjs <script> [arguments]')
  await ensureInstalled()
  await runScript(pickNode(), isAbsolute(script) ? script : join(root, script), args)
}
