import { spawn } from 'node:child_process'
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'

describe('bootstrap', () => {
  let root: string

  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'sluice-bootstrap-'))
    mkdirSync(join(root, 'build'))
    for (const name of ['bootstrap.mjs', 'sluice.mjs'])
      cpSync(join(import.meta.dirname, name), join(root, 'build', name))
    project({})
    script('print.mjs', 'console.log(JSON.stringify(process.argv.slice(2)))')
  })

  afterAll(() => rmSync(root, { recursive: true, force: true }))

  /** A lock file without packages installs without a network. */
  function project(packages: object) {
    const json = { name: 'clone', version: '1.0.0', dependencies: packages }
    writeFileSync(join(root, 'package.json'), JSON.stringify(json))
    const resolved = Object.entries(packages).map(([name, version]) => [
      `node_modules/${name}`,
      { version, resolved: `http://127.0.0.1:1/${name}.tgz`, integrity: `sha512-${'A'.repeat(86)}==` },
    ])
    const lock = { ...json, lockfileVersion: 3, packages: { '': json, ...Object.fromEntries(resolved) } }
    writeFileSync(join(root, 'package-lock.json'), JSON.stringify(lock))
  }

  function script(name: string, text: string) {
    writeFileSync(join(root, name), `${text}\n`)
  }

  function start(...args: string[]) {
    // A registry that refuses at once: nothing here may depend on a network.
    const env = { ...process.env, npm_config_fetch_retries: '0', npm_config_registry: 'http://127.0.0.1:1/' }
    const child = spawn(process.execPath, args, { cwd: tmpdir(), env })
    const { promise, resolve } = Promise.withResolvers<{
      code: number | null
      signal: string | null
      out: string
      err: string
    }>()
    const text = { out: '', err: '' }
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text.out += chunk
    })
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      text.err += chunk
    })
    child.on('close', (code, signal) => resolve({ code, signal, ...text }))
    return { child, ended: promise }
  }

  const boot = (...args: string[]) => start(join(root, 'build', 'bootstrap.mjs'), ...args)

  describe('on a fresh clone', () => {
    beforeEach(() => {
      rmSync(join(root, 'node_modules'), { recursive: true, force: true })
      project({})
    })

    test('installs once and leaves stdout to the script', async () => {
      const first = await boot('print.mjs', 'a', 'b c').ended
      expect(first).toMatchObject({ code: 0, out: '["a","b c"]\n' })
      expect(first.err).toContain('installing packages')
      expect(await boot('print.mjs').ended).toMatchObject({ code: 0, out: '[]\n', err: '' })
    })

    test('installs again when the lock file changes', async () => {
      await boot('print.mjs').ended
      appendFileSync(join(root, 'package-lock.json'), '\n')
      expect((await boot('print.mjs').ended).err).toContain('installing packages')
    })

    test('installs once when two start at the same time', async () => {
      const both = await Promise.all([boot('print.mjs', '1').ended, boot('print.mjs', '2').ended])
      expect(both.map(({ code, out }) => ({ code, out }))).toEqual([
        { code: 0, out: '["1"]\n' },
        { code: 0, out: '["2"]\n' },
      ])
      expect(both.filter(({ err }) => err.includes('installing packages (once'))).toHaveLength(1)
      expect(readdirSync(root).filter((name) => name.startsWith('.install-lock'))).toEqual([])
    })

    test('takes over the lock of a process that died', async () => {
      writeFileSync(join(root, '.install-lock'), '4194304')
      expect(await boot('print.mjs').ended).toMatchObject({ code: 0, out: '[]\n' })
    })

    test('says what to do when the registry cannot be reached', async () => {
      project({ 'some-package': '1.0.0' })
      const { code, out, err } = await boot('print.mjs').ended
      expect({ code, out }).toEqual({ code: 1, out: '' })
      expect(err).toContain('npm ci failed')
      expect(err).toContain('Check the network')
      expect(readdirSync(root).filter((name) => name.startsWith('.install-lock'))).toEqual([])
    })
  })

  // Node 24 becomes the script; an older Node, or Windows, keeps it as a child.
  describe.each([
    ['in place', []],
    ['as a child', ['--import', 'data:text/javascript,delete process.execve']],
  ])('runs the script %s and', (_, options) => {
    beforeAll(async () => {
      project({})
      await boot('print.mjs').ended
    })

    const run = (...args: string[]) => start(...options, join(root, 'build', 'bootstrap.mjs'), ...args)

    test('passes on the exit code', async () => {
      script('exit.mjs', 'process.exit(7)')
      expect((await run('exit.mjs').ended).code).toBe(7)
    })

    test('passes on the signal that ended it', async () => {
      script('die.mjs', "process.kill(process.pid, 'SIGTERM'); setInterval(() => {}, 1000)")
      expect(await run('die.mjs').ended).toMatchObject({ signal: 'SIGTERM' })
    })

    test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('lets it end by itself on %s', async (signal) => {
      const end = 'setTimeout(() => process.exit(3), 50)'
      script(
        'serve.mjs',
        `process.on('${signal}', () => ${end}); setInterval(() => {}, 1000); console.log('up')`,
      )
      const { child, ended } = run('serve.mjs')
      child.stdout.once('data', () => child.kill(signal))
      expect(await ended).toMatchObject({ code: 3, out: 'up\n' })
    })
  })

  test('the command runs the sources in a clone and the bundle in a package', async () => {
    mkdirSync(join(root, 'dist'))
    mkdirSync(join(root, 'main'))
    writeFileSync(join(root, 'dist', 'cli.mjs'), "console.log('bundle')\n")
    writeFileSync(join(root, 'main', 'cli.ts'), "console.log('sources' satisfies string)\n")
    const command = join(root, 'build', 'sluice.mjs')
    expect((await start(command).ended).out).toBe('sources\n')
    rmSync(join(root, 'main'), { recursive: true })
    expect((await start(command).ended).out).toBe('bundle\n')
  })
})
