// 520 correct files of every kind, hand-written and canonical, as a workspace in memory.
import { writeDocument } from '#main/workspace/canonical.ts'
import type { JsonObject } from '#shared/json.ts'
import { pick, type Random, seeded, whole } from '../random/flow.ts'
import { handWritten } from './hand.ts'
import { sampleFlow } from './sample.ts'

export type CorpusKind = 'flow' | 'layout' | 'project' | 'prompt'
export interface CorpusFile {
  readonly path: string
  readonly kind: CorpusKind
  readonly text: string
}

export function corpus(): readonly CorpusFile[] {
  const files: CorpusFile[] = []
  for (let index = 0; index < 260; index += 1) {
    const random = seeded(index + 1)
    const slug = `flow-${index}`
    const flow = sampleFlow(index, slug)
    files.push({
      path: `flows/${slug}.flow.yaml`,
      kind: 'flow',

      text: written(random, 'flow', flow),
    })
    const layout = layoutFor(random, flow)
    if (index % 2 === 0)
      files.push({
        path: `flows/${slug}.layout.yaml`,
        kind: 'layout',
        text: written(random, 'layout', layout),
      })
    if (index % 4 === 0) {
      const project = projectFor(random, slug)
      const path = index === 0 ? 'sluice.yaml' : `sluice.env-${index}.yaml`
      files.push({ path, kind: 'project', text: written(random, 'project', project) })
    }
    if (index % 4 !== 1) continue
    const head = headFor(random)
    files.push({
      path: `prompts/help/p-${index}.prompt.md`,
      kind: 'prompt',
      text: promptText(random, head),
    })
  }
  return files
}

function written(random: Random, kind: 'flow' | 'layout' | 'project', data: JsonObject): string {
  return random() < 0.35 ? writeDocument(kind, data) : handWritten(random, data)
}

function layoutFor(random: Random, flow: JsonObject): JsonObject {
  const point = () => [whole(random, -2_000, 2_000), whole(random, 0, 900)]
  const ids = Object.keys(flow.nodes as JsonObject)
  const nodes = ids.map((id) => [
    id,
    { at: point(), ...(random() < 0.2 ? { size: [520, 300], folded: true } : {}) },
  ])
  return {
    format: 'sluice/layout@1',
    nodes: Object.fromEntries(nodes) as JsonObject,
    ...(random() < 0.5 ? { bends: { 'model.text -> restore.value': [point(), point()] } } : {}),
    ...(random() < 0.5
      ? { notes: { n1: { at: point(), text: 'Check with legal\nbefore May', colour: 'yellow' } } }
      : {}),
    ...(random() < 0.5 ? { frames: { f1: { at: point(), size: [400, 260], title: 'Protection' } } } : {}),
  }
}

function projectFor(random: Random, slug: string): JsonObject {
  return {
    format: 'sluice/project@1',
    name: pick(random, ['Parcel support', 'yes', '12', 'null']),
    variables: { brand: pick(random, ['Parcel', '#1', 'a: b', '']) },
    connections: {
      demo: { provider: 'simulator' },
      openai: { provider: 'openai', credential: 'secret:openai_key', headers: { 'X-Team': 'shop' } },
    },
    endpoints: {
      [slug]: {
        flow: slug,
        labels: {
          production: {
            split: { control: { version: 1, weight: 90 }, other: { version: 2, weight: 10 } },
            sticky: 'consumer.id',
          },
          staging: 2,
        },
        versions: { 1: { state: 'deprecated', sunset: '2027-03-01' } },
        limits: { timeout_ms: 60_000, requests: { max: 600, window_s: 60 } },
      },
    },
    consumers: {
      shop: {
        keys: [{ id: 'web-1', secret: 'secret:shop_key', expires: '2027-06-01' }],
        tags: { team: 'shop' },
      },
    },
  }
}

function headFor(random: Random): JsonObject {
  return {
    format: 'sluice/prompt@1',
    description: pick(random, ['Friendly answer', 'yes', '- no']),
    variables: {
      question: { type: 'text', sample: 'Where is my parcel?' },
      tone: { type: 'text', default: 'friendly' },
    },
    settings: { temperature: 0.3 },
  }
}

function promptText(random: Random, head: JsonObject): string {
  const blocks = [
    '=== system\nBe {{ tone }}.\n\n\\=== user is a marker\n',
    '=== user\n{{ question }}\n',
    '=== assistant\n',
  ]
  return `---\n${handWritten(random, head)}---\n${blocks.join(random() < 0.5 ? '\n' : '')}`
}
