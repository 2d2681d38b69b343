// Canonical form (flow-file.md 1.6): what the app writes for new content, and what `sluice fmt` makes of any file.
import type { Json } from '#shared/json.ts'
import { newerFormat } from './judge.ts'
import { formatPrompt } from './prompt.ts'
import { arrange, type DocumentKind, shapeFor } from './shapes.ts'
import { withComments } from './yaml-comments.ts'
import { parseYaml } from './yaml-parse.ts'
import { documentLines, fromData, toData } from './yaml-write.ts'

export type { DocumentKind } from './shapes.ts'

/**
 * The same document in canonical form, comments kept; undefined when the text cannot be read or is newer. A byte order mark, CR LF
 * and a missing last line break are mended.
 */
export function formatText(kind: DocumentKind, text: string): string | undefined {
  const clean = text.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n')
  if (kind === 'prompt') return formatPrompt(clean)
  const yaml = parseYaml(clean)
  const broken = yaml.problems.some(({ severity }) => severity !== 'warning')
  if (broken || !yaml.sound || yaml.root?.kind !== 'map' || newerFormat(yaml, kind)) return undefined
  return `${documentLines(arrange(withComments(yaml), shapeFor(kind))).join('\n')}\n`
}

/** A new file for this data; prompts are written by `writePrompt`. */
export function writeDocument(kind: Exclude<DocumentKind, 'prompt'>, data: object): string {
  return `${documentLines(arrange(fromData(data as Json), shapeFor(kind))).join('\n')}\n`
}

/** The data with everything left out that says nothing, as the canonical form would leave it out. */
export function withoutDefaults<T extends object>(kind: DocumentKind, data: T): T {
  return toData(arrange(fromData(data as unknown as Json), shapeFor(kind))) as unknown as T
}
