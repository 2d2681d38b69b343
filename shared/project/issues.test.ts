import { expect, test } from 'vitest'
import { z } from 'zod'
import { readIssues } from './issues.ts'

const schema = z.strictObject({
  name: z.string().min(1).max(5),
  count: z.int().min(1).max(9),
  share: z.number().gt(0).optional(),
  mode: z.enum(['on', 'off', 'bypass']).default('on'),
  tags: z.array(z.string()).min(1).max(2).optional(),
  half: z.number().multipleOf(0.5).optional(),
  code: z
    .string()
    .regex(/^[a-z]+$/)
    .optional(),
  word: z
    .string()
    .regex(/^[a-z]+$/, 'must be small letters')
    .refine((word) => word !== 'no', 'cannot be "no"')
    .optional(),
  map: z.record(z.string().regex(/^[a-z]$/, 'must be one letter'), z.boolean()).optional(),
  entry: z
    .union([z.int().min(1), z.strictObject({ split: z.number(), sticky: z.string().optional() })])
    .optional(),
  kind: z
    .discriminatedUnion('type', [
      z.strictObject({ type: z.literal('a'), size: z.number() }),
      z.strictObject({ type: z.literal('b') }),
    ])
    .optional(),
  deep: z.strictObject({ retry: z.strictObject({ tries: z.int() }) }).optional(),
})
const good = { name: 'x', count: 1 }

function told(change: object, noun = 'the thing'): string[] {
  const data = { ...good, ...change }
  const result = schema.safeParse(data)
  if (result.success) return []
  return readIssues(schema, result.error, data, noun).map(
    ({ path, kind, message, code }) =>
      `${path.join('.')} ${kind}${code === 'unknown_field' ? '?' : ''}: ${message}`,
  )
}

const cases: readonly [object, string][] = [
  [{ nam: 'y' }, 'nam key?: unknown field "nam" in the thing; did you mean "name"?'],
  [
    { deep: { retry: { tries: 1, trys: 2 } } },
    'deep.retry.trys key?: unknown field "trys" in deep.retry; did you mean "tries"?',
  ],
  [
    { deep: { retry: { tries: 1, zzz: 2 } } },
    'deep.retry.zzz key?: unknown field "zzz" in deep.retry; known fields: tries',
  ],
  [{ deep: {} }, 'deep.retry key: "retry" is missing in deep'],
  [{ name: 7 }, 'name value: "name" must be a text, not a number'],
  [{ name: null }, 'name value: "name" must be a text, not empty'],
  [{ name: '' }, 'name value: "name" must not be empty'],
  [{ name: 'abcdef' }, 'name value: "name" must have at most 5 characters, it has 6'],
  [{ count: 1.5 }, 'count value: "count" must be a whole number, not a fraction'],
  [{ count: 0 }, 'count value: "count" must be at least 1, not 0'],
  [{ count: 10 }, 'count value: "count" must be at most 9, not 10'],
  [{ share: 0 }, 'share value: "share" must be above 0, not 0'],
  [{ mode: 'of' }, 'mode value: "mode" must be "on", "off" or "bypass", not "of"; did you mean "on"?'],
  [{ mode: true }, 'mode value: "mode" must be "on", "off" or "bypass", not true'],
  [{ tags: [] }, 'tags value: "tags" must not be empty'],
  [{ tags: ['a', 'b', 'c'] }, 'tags value: "tags" must have at most 2 entries, it has 3'],
  [{ tags: [1] }, 'tags.0 value: entry 1 of "tags" must be a text, not a number'],
  [{ tags: 'a' }, 'tags value: "tags" must be a list, not a text'],
  [{ half: 0.3 }, 'half value: "half" must be a multiple of 0.5, not 0.3'],
  [{ code: 'A' }, 'code value: "code" must match /^[a-z]+$/'],
  [{ word: 'A' }, 'word value: "word" must be small letters'],
  [{ word: 'no' }, 'word value: "word" cannot be "no"'],
  [{ map: { AB: true } }, 'map.AB key: the name "AB" must be one letter'],
  [{ entry: 'x' }, 'entry value: "entry" must be a number or a map, not a text'],
  [{ entry: 0 }, 'entry value: "entry" must be at least 1, not 0'],
  [{ entry: { splt: 1 } }, 'entry.splt key?: unknown field "splt" in entry; did you mean "split"?'],
  [{ entry: { split: 'x' } }, 'entry.split value: "split" must be a number, not a text'],
  [{ kind: { type: 'c' } }, 'kind.type value: "type" must be "a" or "b", not "c"; did you mean "a"?'],
  [{ kind: { type: 'a', size: 'x' } }, 'kind.size value: "size" must be a number, not a text'],
]
test.each(cases)('%j', (change, sentence) => {
  expect(told(change)).toEqual([sentence])
})

test('all that is wrong is told at once', () => {
  expect(told({ count: 0, mode: 'x', nme: 1, name: undefined })).toHaveLength(3)
})

test('names what holds the field, where that is no whole document', () => {
  expect(told({ temprature: 1 }, 'chat-model config')).toEqual([
    expect.stringContaining('unknown field "temprature" in chat-model config'),
  ])
  expect(told({ deep: { retry: { tries: 1, x: 1 } } }, 'http config')).toEqual([
    'deep.retry.x key?: unknown field "x" in deep.retry of http config; known fields: tries',
  ])
})

test('a long wrong value is not repeated, for it may be a secret', () => {
  expect(told({ mode: 'sk-abcdefghijklmnopqrstuvwxyz012345' })).toEqual([
    'mode value: "mode" must be "on", "off" or "bypass"',
  ])
})
