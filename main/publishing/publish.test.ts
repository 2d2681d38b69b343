import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { AppError } from '#shared/errors.ts'
import { makeFolder, putFile } from '../../test/files/folder.ts'
import { checkParts } from './parts.ts'
import { publish } from './publish.ts'

const flow = (slug: string, text = 'Hello {{ q }}') => `format: sluice/flow@1
name: Echo
slug: ${slug}
nodes:
  ask: { type: input, config: { fields: { q: { type: text } } } }
  say: { type: template, config: { text: "${text}" } }
  out: { type: output }
edges: [ask.q -> say.q, say.text -> out.value]
`
const project = (more = '') => `format: sluice/project@1\nname: Test # by hand\n${more}`
const parts = checkParts({ has: () => true })

function workspace(files: Record<string, string>) {
  const folder = makeFolder({ 'flows/echo.flow.yaml': flow('echo'), ...files })
  const freeze = (facts: { flow?: string; label?: string; endpoint?: string; overlay?: string } = {}) =>
    publish({
      folder,
      flow: facts.flow ?? 'echo',
      label: facts.label ?? 'production',
      endpoint: facts.endpoint,
      overlay: facts.overlay,
      now: new Date('2026-11-20T09:00:00Z'),
      app: '0.0.0',
      parts,
    })
  const read = (file: string) => readFileSync(join(folder, file), 'utf8')
  return { folder, freeze, read }
}

describe('publishing', () => {
  it('moves the label of the endpoint that serves the flow, whatever its name is', () => {
    // `endpoints.echo` was made beside it, and the endpoint that people call stayed on the old version.
    const { freeze, read } = workspace({ 'sluice.yaml': project('endpoints: { hello: { flow: echo } }\n') })
    expect(freeze()).toMatchObject({ endpoint: 'hello', version: 1, label: 'production' })
    expect(read('sluice.yaml')).toContain('hello: { flow: echo, labels: { production: 1 } }')
    expect(read('sluice.yaml')).not.toContain('  echo:')
  })

  it('asks which endpoint, where several serve the flow', () => {
    const text = project('endpoints: { one: { flow: echo }, two: { flow: echo } }\n')
    const { freeze, read, folder } = workspace({ 'sluice.yaml': text })
    expect(() => freeze()).toThrow(/one, two. Name one: --endpoint/)
    expect([read('sluice.yaml'), readdirSync(folder)]).toEqual([text, ['flows', 'sluice.yaml']])
    expect(freeze({ endpoint: 'two' })).toMatchObject({ endpoint: 'two' })
  })

  it('never points an endpoint of another flow to a version of this one', () => {
    const { freeze } = workspace({
      'sluice.yaml': project('endpoints: { echo: { flow: other } }\n'),
      'flows/other.flow.yaml': flow('other'),
    })
    expect(() => freeze()).toThrow(/"echo" serves the flow "other"/)
    expect(freeze({ endpoint: 'echo-2' })).toMatchObject({ endpoint: 'echo-2' })
  })

  it('does not throw away a split that a person wrote', () => {
    const { freeze, read, folder } = workspace({ 'sluice.yaml': project() })
    freeze({ label: 'staging' })
    const split = 'production: { split: { a: { version: 1, weight: 1 } } }'
    const text = read('sluice.yaml').replace('staging: 1', `staging: 1, ${split}`)
    putFile(folder, 'sluice.yaml', text)
    putFile(folder, 'flows/echo.flow.yaml', flow('echo', 'Bye {{ q }}'))
    expect(() => freeze()).toThrow(/"production" of "echo" is split/)
    expect([read('sluice.yaml'), readdirSync(join(folder, 'versions/echo'))]).toEqual([text, ['1.yaml']])
  })

  it('changes the label where it holds: in the overlay that names it', () => {
    const { freeze, read, folder } = workspace({
      'sluice.yaml': project('endpoints: { echo: { flow: echo, labels: {} } }\n'),
      'sluice.staging.yaml': 'format: sluice/project@1\nendpoints: { echo: { labels: { beta: 1 } } }\n',
    })
    freeze()
    putFile(folder, 'flows/echo.flow.yaml', flow('echo', 'Bye {{ q }}'))
    expect(freeze({ label: 'beta', overlay: 'staging' })).toMatchObject({ version: 2 })
    expect(read('sluice.staging.yaml')).toContain('labels: { beta: 2 }')
    expect(read('sluice.yaml')).toContain('labels: { production: 1 }')
  })

  it('is not stopped by the draft of another flow, nor by warnings about other things', () => {
    const { freeze } = workspace({
      'sluice.yaml': project('policies: { retention: { runs_days: 3 } }\n'),
      'flows/broken.flow.yaml': 'format: sluice/flow@1\nnodes: [\n',
      'prompts/broken.prompt.md': '---\nformat: [\n',
    })
    expect(freeze()).toMatchObject({ version: 1, problems: [] })
  })

  it('says when nobody can call what was published', () => {
    const { freeze } = workspace({
      'sluice.yaml': project('endpoints: { echo: { flow: echo, state: draft } }\n'),
    })
    expect(freeze().problems).toMatchObject([
      {
        file: 'sluice.yaml',
        line: 3,
        message: expect.stringMatching(/state "draft", so nobody can call it/),
      },
    ])
  })

  it('writes nothing when the draft has errors, and lists them', () => {
    const { freeze, folder } = workspace({
      'sluice.yaml': project(),
      'flows/echo.flow.yaml': flow('echo').replace('say.text ->', 'say.txt ->'),
    })
    expect(() => freeze()).toThrow(AppError)
    expect(readdirSync(folder)).toEqual(['flows', 'sluice.yaml'])
  })
})
