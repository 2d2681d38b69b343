import { isDeepStrictEqual } from 'node:util'
import { expect, test } from 'vitest'
import { formatText, withoutDefaults, writeDocument } from '#main/workspace/canonical.ts'
import { readPrompt, writePrompt } from '#main/workspace/prompt.ts'
import { parseYaml } from '#main/workspace/yaml-parse.ts'
import type { Flow, Prompt } from '#shared/flow/types.ts'
import type { Json } from '#shared/json.ts'
import { pick, type Random, randomFlow, seeded, whole } from '../random/flow.ts'

/** Edges have no order, and JSON no `undefined`. */
const settled = (flow: { readonly edges: readonly string[] }): Json =>
  JSON.parse(JSON.stringify({ ...flow, edges: flow.edges.toSorted() })) as Json

test('10,000 generated flows are written, read and written again without a difference', () => {
  for (let seed = 0; seed < 10_000; seed += 1) {
    const flow = randomFlow(seed, { maxNodes: 4, wiring: seed % 2 === 0 ? 'sound' : 'wild' })
    const text = writeDocument('flow', flow)
    const { data, problems } = parseYaml(text)
    if (problems.length > 0) expect.fail(`${problems[0]?.message}\n${text}`)
    const read = data as unknown as Flow
    if (!isDeepStrictEqual(settled(read), settled(withoutDefaults('flow', flow))))
      expect.fail(`another flow\n${text}`)
    if (writeDocument('flow', read) !== text) expect.fail(`not the same again\n${text}`)
    if (seed % 20 === 0) expect(formatText('flow', text)).toBe(text)
  }
})

test('4,000 generated prompts keep every character of their blocks', () => {
  for (let seed = 0; seed < 4_000; seed += 1) {
    const random = seeded(seed)
    const blocks = Array.from({ length: whole(random, 1, 4) }, () => ({
      role: pick(random, ['system', 'user', 'assistant', 'tool'] as const),
      text: oddText(random),
    }))
    const prompt: Prompt = { format: 'sluice/prompt@1', name: 'odd', variables: {}, blocks }
    const text = writePrompt(prompt)
    expect(readPrompt('odd', text).prompt, text).toEqual(prompt)
    expect(formatText('prompt', text)).toBe(text)
  }
})

function oddText(random: Random): string {
  const parts = [
    '\n',
    '\n\n',
    '=== user',
    '\\=== system',
    '\\\\=== tool',
    '---',
    ' ',
    '# x',
    'Be kind.',
    '\t',
    '"',
    '===',
    '=== users',
  ]
  return Array.from({ length: whole(random, 0, 8) }, () => pick(random, parts)).join(
    random() < 0.5 ? '\n' : '',
  )
}
