import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const root = join(import.meta.dirname, '..')

it('the bundle that a published package runs finds its version, templates and catalogue', () => {
  execFileSync(
    process.execPath,
    ['node_modules/vite/bin/vite.js', 'build', '--config', 'build/vite.config.ts'],
    { cwd: root, stdio: 'pipe' },
  )
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bundle-'))
  const sluice = (...args: string[]) =>
    execFileSync(process.execPath, [join(root, 'dist/cli.mjs'), ...args], {
      cwd: folder,
      encoding: 'utf8',
      stdio: 'pipe',
    })
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  expect(sluice('--version')).toBe(`${version}\n`)
  expect(sluice('init', 'demo', '--template', 'demo')).toContain('flows/support-answer.flow.yaml')
  const checked = JSON.parse(sluice('check', 'demo', '--json')) as { errors: number }
  expect(checked.errors).toBe(0)
  expect(sluice('run', 'demo', 'support-answer', '--input', '{"question":"Where is my parcel?"}')).toContain(
    'Simulated',
  )
  rmSync(folder, { recursive: true })
})
