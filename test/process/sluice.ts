// The product as a process: what scripts and people start, over the command line and real HTTP.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))

export interface Finished {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** Runs one command to its end; 30 s at the most. */
export function sluice(
  args: readonly string[],
  options: { readonly input?: string; readonly env?: Record<string, string> } = {},
): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, 'main/cli.ts'), ...args], {
      cwd: root,
      env: { ...process.env, ...options.env },
      timeout: 30_000,
    })
    let out = ''
    let err = ''
    child.stdout.on('data', (part) => {
      out += part
    })
    child.stderr.on('data', (part) => {
      err += part
    })
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, out, err }))
    child.stdin.end(options.input ?? '')
  })
}

export interface Served {
  readonly gateway: string
  readonly studio: string | null
  readonly pid: number
  readonly child: ChildProcess
  /** Everything it wrote to standard output and error so far. */
  output(): string
  /** Sends the signal and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

/** `sluice serve <folder> --json` on free ports. */
export function serve(
  folder: string,
  options: { readonly args?: readonly string[]; readonly env?: Record<string, string> } = {},
): Promise<Served> {
  return new Promise((resolve, reject) => {
    const args = [
      join(root, 'main/cli.ts'),
      'serve',
      folder,
      '--json',
      '--gateway-port',
      '0',
      '--studio-port',
      '0',
      ...(options.args ?? []),
    ]
    const child = spawn(process.execPath, args, { cwd: root, env: { ...process.env, ...options.env } })
    let out = ''
    let err = ''
    const ended = new Promise<number | null>((done) => child.on('close', (code) => done(code)))
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new Error(`the server was not ready in 20 s: ${out}${err}`))
    }, 20_000)
    child.stderr.on('data', (part) => {
      err += part
    })
    child.stdout.on('data', (part) => {
      out += part
      const end = out.indexOf('\n')
      if (end < 0) return
      clearTimeout(timer)
      const ready = JSON.parse(out.slice(0, end)) as { gateway: string; studio: string | null; pid: number }
      resolve({
        ...ready,
        child,
        output: () => out + err,
        stop: (signal = 'SIGTERM') => {
          if (child.exitCode === null && child.signalCode === null) child.kill(signal)
          return ended
        },
      })
    })
    void ended.then((code) => {
      clearTimeout(timer)
      reject(new Error(`the server ended with ${code}: ${err}`))
    })
  })
}

/** A command that goes on until it is stopped; resolves as soon as it says something. */
export function started(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ output(): string; stop(signal?: NodeJS.Signals): Promise<number | null> }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, 'main/cli.ts'), ...args], {
      cwd: root,
      env: { ...process.env, ...env },
    })
    let text = ''
    const ended = new Promise<number | null>((done) => child.on('close', (code) => done(code)))
    const stop = (signal: NodeJS.Signals = 'SIGTERM') => {
      child.kill(signal)
      return ended
    }
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (part) => {
        text += part
        resolve({ output: () => text, stop })
      })
    void ended.then((code) => reject(new Error(`ended with ${code}: ${text}`)))
  })
}

/** A folder of the given files, removed by `remove`. */
export function folderOf(files: Readonly<Record<string, string>>): {
  readonly path: string
  write(file: string, text: string): void
  remove(): void
} {
  const path = mkdtempSync(join(tmpdir(), 'sluice-test-'))
  const write = (file: string, text: string) => {
    mkdirSync(dirname(join(path, file)), { recursive: true })
    writeFileSync(join(path, file), text)
  }
  for (const [file, text] of Object.entries(files)) write(file, text)
  return { path, write, remove: () => rmSync(path, { recursive: true, force: true }) }
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
  json(): Record<string, unknown>
}

/** One HTTP request on a connection of its own. */
export function call(
  url: string,
  options: {
    readonly key?: string
    readonly body?: unknown
    readonly method?: string
    readonly headers?: Record<string, string>
  } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const body =
      options.body === undefined
        ? undefined
        : typeof options.body === 'string'
          ? options.body
          : JSON.stringify(options.body)
    const headers = {
      ...(options.key === undefined ? {} : { authorization: `Bearer ${options.key}` }),
      ...(body === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
      ...options.headers,
    }
    const outgoing = request(
      url,
      { method: options.method ?? (body === undefined ? 'GET' : 'POST'), headers, agent: false },
      (response) => {
        const parts: Buffer[] = []
        response.on('data', (part: Buffer) => parts.push(part))
        response.on('error', reject)
        response.on('end', () => {
          const text = Buffer.concat(parts).toString('utf8')
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text,
            json: () => JSON.parse(text) as Record<string, unknown>,
          })
        })
      },
    )
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}
