// What holds for every node type (nodes.md 6.1). A new node is covered as soon as it is listed.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { definitions } from '#nodes/definitions.ts'
import { runners } from '#nodes/runners.ts'
import type { AnyNodeDefinition, Effects } from '#shared/flow/definition.ts'
import type { Inlet, Outlet, PortType } from '#shared/flow/ports.ts'
import { portNamePattern } from '#shared/flow/schema.ts'
import { runNode, stepContext } from './run-node.ts'

const root = join(import.meta.dirname, '../..')
const all: readonly AnyNodeDefinition[] = definitions

interface Sampled {
  readonly config: Record<string, unknown>
  readonly inputs: Readonly<Record<string, Inlet>>
  readonly outputs: Readonly<Record<string, Outlet>>
  readonly effects: Effects
}

function sampled(definition: AnyNodeDefinition): Sampled {
  const config = definition.config.parse(definition.sample ?? {}) as Record<string, unknown>
  const { inputs, outputs, effects } = definition
  return {
    config,
    inputs: typeof inputs === 'function' ? inputs(config) : inputs,
    outputs: typeof outputs === 'function' ? outputs(config) : outputs,
    effects: typeof effects === 'function' ? effects(config) : effects,
  }
}

/** A value for an inlet, so that a node can be run without knowing it. */
function sampleOf(type: PortType): unknown {
  switch (type) {
    case 'text':
    case 'any':
      return 'some text'
    case 'messages':
      return [{ role: 'user', parts: [{ type: 'text', text: 'some text' }] }]
    case 'number':
      return 3
    case 'boolean':
      return true
    case 'tools':
      return { tools: [] }
    case 'error':
      return { code: 'upstream_timeout', message: 'Too slow.', retryable: true, node: 'fast' }
    case 'target':
      return ['a/b']
    case 'json':
      return {}
    case 'image':
    case 'audio':
    case 'file':
      return { type, source: { kind: 'bytes', base64: '' } }
    default:
      return []
  }
}

describe('the lists', () => {
  it('hold every folder, and a runner for every definition', () => {
    expect(Object.keys(runners).toSorted()).toEqual(all.map(({ type }) => type).toSorted())
    for (const { type } of all)
      expect(existsSync(join(root, 'nodes', type, 'node.test.ts')), `${type} has a test`).toBe(true)
  })
})

describe.each(all.map((definition) => [definition.type, definition] as const))('%s', (type, definition) => {
  const runner = runners[type] as (typeof runners)[string]

  it('says what it is', () => {
    expect(type).toMatch(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/)
    expect(definition.title.length).toBeGreaterThan(0)
    expect(definition.summary).toMatch(/^[A-Z].{10,120}\.$/)
    expect(definition.version).toBeGreaterThanOrEqual(1)
  })

  it('parses its sample, and nothing else where it needs nothing', () => {
    const { config } = sampled(definition)
    // What was parsed once parses to itself: defaults are plain values, and a Plan can hold the config.
    expect(definition.config.parse(config)).toEqual(config)
    expect(JSON.parse(JSON.stringify(config))).toEqual(config)
    const empty = definition.config.safeParse({})
    if (definition.sample === undefined) expect(empty.success).toBe(true)
    else if (!empty.success) for (const issue of empty.error.issues) expect(issue.message).not.toBe('')
  })

  it('refuses a key that it does not know', () => {
    const parsed = definition.config.safeParse({ ...definition.sample, nonsense: 1 })
    expect(parsed.error?.issues).toMatchObject([{ code: 'unrecognized_keys', keys: ['nonsense'] }])
  })

  it('has a JSON Schema whose fields all have a title and a kind', () => {
    const schema = z.toJSONSchema(definition.config, { io: 'input', unrepresentable: 'throw' })
    expect(schema.type).toBe('object')
    expect(schema.additionalProperties).toBe(false)
    for (const [name, field] of Object.entries(schema.properties ?? {})) {
      expect(field, name).toMatchObject({ title: expect.any(String), field: expect.any(String) })
    }
  })

  it('shows fields that there are on its card', () => {
    const schema = z.toJSONSchema(definition.config, { io: 'input' })
    for (const name of definition.card) expect(Object.keys(schema.properties ?? {})).toContain(name)
  })

  it('has ports that fit its config', () => {
    const { inputs, outputs, config } = sampled(definition)
    for (const name of [...Object.keys(inputs), ...Object.keys(outputs)])
      expect(name).toMatch(portNamePattern)
    expect(Object.keys(inputs)).not.toContain('when')
    expect(Object.keys(outputs)).not.toContain('error')
    for (const { sameAs, streams } of Object.values(outputs)) {
      if (sameAs !== undefined) expect(Object.keys(inputs)).toContain(sameAs)
      if (streams === 'pass') expect(Object.values(inputs).some(({ reads }) => reads === 'early')).toBe(true)
    }
    for (const group of definition.exclusive?.(config) ?? [])
      for (const name of group) expect(Object.keys(outputs)).toContain(name)
    for (const name of definition.tries?.(config).ports ?? []) expect(Object.keys(inputs)).toContain(name)
    for (const name of definition.systemInlets?.(config) ?? []) expect(Object.keys(inputs)).toContain(name)
    expect(definition.check?.(config) ?? []).toEqual([])
  })

  it('lifts every older config', () => {
    for (let version = 2; version <= definition.version; version += 1)
      expect(definition.migrate?.[version]).toBeDefined()
  })

  it('uses no effect beyond those it declares, and gives the same result twice when it has none', async () => {
    const { inputs, outputs, effects } = sampled(definition)
    const input = Object.fromEntries(
      Object.entries(inputs).map(([name, inlet]) => [name, sampleOf(inlet.type)]),
    )
    const run = async () => {
      let clock = 0
      const used: string[] = []
      const use = (what: string) => () => {
        used.push(what)
        return Promise.reject(new Error(what))
      }
      const { ctx } = stepContext({
        models: { chat: use('models'), stream: use('models') },
        http: use('http'),
        now: () => 1_000,
        random: () => (clock++ % 2) / 2,
      })
      const result = await runNode(definition, runner, { config: definition.sample ?? {}, input, ctx }).catch(
        (error: unknown) => ({ failed: String(error) }),
      )
      return { used, result }
    }
    const first = await run()
    if (effects === 'pure') {
      expect(first.used).toEqual([])
      expect(await run()).toEqual(first)
      if (!('failed' in first.result))
        for (const name of Object.keys(first.result))
          expect([...Object.keys(outputs), 'value']).toContain(name)
    } else expect(first.used.length).toBeLessThanOrEqual(1)
    if (definition.upstream !== undefined) expect(effects).not.toBe('pure')
  })

  it('reads nothing but shared', () => {
    for (const file of ['node.ts', 'run.ts']) {
      const source = readFileSync(join(root, 'nodes', type, file), 'utf8')
      const froms = Array.from(source.matchAll(/from '([^']+)'/g), (match) => match[1] ?? '')
      const allowed = file === 'node.ts' ? /^(?:#shared\/|zod$)/ : /^(?:#shared\/|\.\/node\.ts$)/
      for (const from of froms) expect(from).toMatch(allowed)
      expect(source).not.toMatch(/\bDate\.now\b|\bnew Date\(\)|Math\.random|\bfetch\(|setTimeout|crypto\./)
    }
  })
})
