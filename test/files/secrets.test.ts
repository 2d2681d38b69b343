import { expect, test } from 'vitest'
import { guardBuilders } from '#main/guards/builders.ts'
import { checkWorkspace } from '#main/workspace/check.ts'
import { readWorkspace } from '#main/workspace/read.ts'
import { definitions } from '#nodes/definitions.ts'
import { pick, seeded } from '../random/flow.ts'
import { exampleFlow, exampleLayout, examplePrompt } from './example.ts'
import { makeFolder } from './folder.ts'

/** Credentials are made here, so that no file of the repository looks like one. */
function credential(kind: (typeof kinds)[number], seed: number): string {
  const random = seeded(seed)
  const chars = (count: number, from: string) =>
    Array.from({ length: count }, () => pick(random, [...from])).join('')
  const upper = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  const mixed = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
  switch (kind) {
    case 'aws':
      return `AKIA${chars(16, upper)}`
    case 'github':
      return `ghp_${chars(36, mixed)}`
    case 'openai':
      return `sk-proj-${chars(74, mixed)}T3BlbkFJ${chars(74, mixed)}`
    case 'anthropic':
      return `sk-ant-api03-${chars(93, mixed)}AA`
    case 'slack':
      return `xoxb-${chars(12, '123456789')}-${chars(12, '123456789')}-${chars(24, mixed)}`
  }
}
const kinds = ['aws', 'github', 'openai', 'anthropic', 'slack'] as const

const project = 'format: sluice/project@1\nname: P\nconnections: { openai: { provider: openai } }\n'
const places: readonly (readonly [string, (secret: string) => Record<string, string>])[] = [
  ['sluice.yaml', (secret) => ({ 'sluice.yaml': `${project}variables: { a: ${secret} }\n` })],
  [
    'flows/support-answer.flow.yaml',
    (secret) => ({ 'flows/support-answer.flow.yaml': exampleFlow.replace('Ask the model', secret) }),
  ],
  [
    'flows/support-answer.flow.yaml',
    (secret) => ({ 'flows/support-answer.flow.yaml': `# ${secret}\n${exampleFlow}` }),
  ],
  [
    'flows/support-answer.layout.yaml',
    (secret) => ({
      'flows/support-answer.layout.yaml': exampleLayout.replace('Check with legal', `"${secret}"`),
    }),
  ],
  [
    'prompts/answer.prompt.md',
    (secret) => ({ 'prompts/answer.prompt.md': examplePrompt.replace('brief.', `brief. Use ${secret}`) }),
  ],
  ['datasets/q.csv', (secret) => ({ 'datasets/q.csv': `question\nWhere?\n${secret}\n` })],
]

test('30 planted credentials are refused, each in its file, and none is repeated in a message', () => {
  const findSecrets = guardBuilders().secrets({ generic: false })
  const byType = new Map(definitions.map((definition) => [definition.type, definition]))
  const planted = kinds.flatMap((kind, row) =>
    places.map(([file, plant], column) => ({
      kind,
      file,
      plant,
      secret: credential(kind, row * 10 + column),
    })),
  )
  expect(planted).toHaveLength(30)
  for (const { kind, file, plant, secret } of planted) {
    const folder = makeFolder({ 'sluice.yaml': project, ...plant(secret) })
    const problems = checkWorkspace(readWorkspace(folder, { definitions: byType }), {
      providers: new Map(),
      modelFacts: () => undefined,
      hasSecret: () => true,
      findSecrets,
    })
    const found = problems.filter(({ code }) => code === 'secret_in_file')
    expect(
      found.map((problem) => `${problem.severity} ${problem.file}`),
      `${kind} in ${file}`,
    ).toEqual([`error ${file}`])
    expect(JSON.stringify(problems)).not.toContain(secret)
  }
})

test('the examples of the documentation hold none', () => {
  const findSecrets = guardBuilders().secrets({ generic: false })
  for (const text of [exampleFlow, exampleLayout, examplePrompt, `hash: sha256:${'9f2c'.repeat(16)}\n`])
    expect(findSecrets(text)).toEqual([])
})
