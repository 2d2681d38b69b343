import { describe, expect, it } from 'vitest'
import type { GuardVerdict } from '#shared/flow/definition.ts'
import { runNode, stepContext } from '../../test/contract/run-node.ts'
import { guardSchema } from './node.ts'
import * as runner from './run.ts'

const schema = {
  type: 'object',
  required: ['answer'],
  properties: { answer: { type: 'string' }, score: { type: 'number' } },
  additionalProperties: false,
}

function guarded() {
  const verdicts: GuardVerdict[] = []
  const { ctx, recorded } = stepContext({ verdict: (verdict) => verdicts.push(verdict) })
  return {
    verdicts,
    recorded,
    run: (value: unknown, config: object = {}) =>
      runNode(guardSchema, runner, { config: { schema, ...config }, input: { value }, ctx }),
  }
}

describe('guard-schema', () => {
  it('passes a value that fits, from text as JSON', async () => {
    const { run, verdicts } = guarded()
    expect((await run('{"answer":"yes"}')).pass).toEqual({ answer: 'yes' })
    const value = { answer: 'yes', score: 1 }
    expect((await run(value)).pass).toBe(value)
    expect(verdicts).toMatchObject([{ verdict: 'pass' }, { verdict: 'pass' }])
  })

  it.each([
    ['{"answer":1}', 'schema'],
    ['{"other":"x"}', 'schema'],
    ['no json', 'not_json'],
    ['```json\n{"answer":"x"}\n```', 'not_json'],
    [`${'['.repeat(70)}${']'.repeat(70)}`, 'too_deep'],
    [`{"answer":"${'x'.repeat(1_100_000)}"}`, 'too_large'],
  ])('blocks %.40s: %s', async (text, reason) => {
    const { run, verdicts } = guarded()
    expect(await run(text)).toMatchObject({ blocked: { guard: 'node', reason } })
    expect(verdicts).toMatchObject([{ verdict: 'blocked', reason }])
  })

  it('notes the paths that do not fit, without their values', async () => {
    const { run, recorded } = guarded()
    await run('{"answer":"x","score":"secret"}')
    expect(recorded.notes.issues).toEqual([{ path: '/score', rule: 'type' }])
  })

  it('only notes with action note', async () => {
    const { run, verdicts } = guarded()
    expect((await run('{"answer":1}', { action: 'note' })).pass).toEqual({ answer: 1 })
    expect((await run('plain words', { action: 'note' })).pass).toBe('plain words')
    expect(verdicts).toMatchObject([
      { verdict: 'pass', reason: 'schema' },
      { verdict: 'pass', reason: 'not_json' },
    ])
  })

  it.each([
    ['```json\n{"answer":"x"}\n```', { answer: 'x' }, ['repair:fence', 'repair:fence']],
    ['Here you are:\n~~~\n{"answer":"x"}', { answer: 'x' }, ['repair:fence']],
    ['{"answer":"x",}', { answer: 'x' }, ['repair:trailing_comma']],
    ["{'answer':'it\\'s \"x\"'}", { answer: 'it\'s "x"' }, ['repair:quotes', 'repair:quotes']],
    ['{“answer”: "x, }"}', { answer: 'x, }' }, ['repair:quotes']],
    ['{answer: "x"}', { answer: 'x' }, ['repair:quotes']],
  ])('repairs syntax when told: %s', async (text, value, kinds) => {
    const { run, verdicts } = guarded()
    expect((await run(text, { repair: true })).pass).toEqual(value)
    expect(verdicts).toMatchObject([{ verdict: 'rewritten', reason: 'repaired' }])
    expect(verdicts[0]?.spans.map(({ kind }) => kind)).toEqual(kinds)
  })

  it.each(['{"answer":', '{"answer" "x"}', '{"answer": yes}', '', 'sorry, I cannot'])(
    'invents no values: %s',
    async (text) => {
      const { run } = guarded()
      expect(await run(text, { repair: true })).toMatchObject({ blocked: { reason: 'not_json' } })
    },
  )

  it('needs a whole value and a known target', () => {
    const problems = (config: object) =>
      guardSchema.check?.(guardSchema.config.parse({ schema, ...config })) ?? []
    expect(problems({ on_stream: 'window' })).toMatchObject([{ field: 'on_stream' }])
    expect(problems({ target_when: 'remote' })).toMatchObject([{ field: 'target_when' }])
    expect(guardSchema.config.safeParse({ schema, action: 'rewrite' }).success).toBe(false)
  })
})
