// Hashes of Versions, drafts and Prompts (flow-file.md 8).
import { createHash } from 'node:crypto'
import { AppError } from '#shared/errors.ts'
import { pathIn } from '#shared/flow/compile/report.ts'
import type { FileProblem } from '#shared/flow/diagnostics.ts'
import { contentText, promptText } from '#shared/flow/hash.ts'
import type { Flow, FlowContent, FlowNode, Prompt } from '#shared/flow/types.ts'
import { withoutDefaults } from './canonical.ts'
import type { PromptFile, VersionFile } from './document.ts'
import { parsePromptRef, promptBy } from './prompt-ref.ts'
import type { Definitions, WorkspaceState } from './read.ts'
import { fileProblem } from './source.ts'
import type { DocumentPath } from './yaml-tree.ts'

export function sha256(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`
}

export function promptHash(prompt: Prompt): string {
  return sha256(promptText(prompt))
}

/** What of a Flow becomes a Version: what says nothing is left out, so that `sluice fmt` makes no new one. */
export function contentOf(flow: Flow): FlowContent {
  const { name, description, nodes, edges, examples } = withoutDefaults('flow', flow)
  return {
    name,
    ...(description === undefined ? {} : { description }),
    nodes,
    edges,
    ...(examples === undefined ? {} : { examples }),
  }
}

/** The hash that a Version of this draft would have. Throws `flow_error` when a Prompt reference leads nowhere. */
export function draftHash(state: WorkspaceState, flow: Flow): string {
  const hashOf = (ref: string): string => {
    const found = promptBy(state, ref)
    if (found) return promptHash(found.prompt)
    throw new AppError('flow_error', {
      message: `The flow "${flow.slug}" names the prompt "${ref}", which is not there.`,
    })
  }
  return sha256(contentText(contentOf(flow), hashOf, state.definitions))
}

/** Why a frozen file cannot be trusted to be what was frozen; undefined when it is. */
export function checkHash(
  file: VersionFile,
  prompts: ReadonlyMap<string, ReadonlyMap<number, PromptFile>>,
  definitions: Definitions,
): FileProblem | undefined {
  const { version } = file
  if (version === null) return undefined
  const missing: string[] = []
  const hashOf = (ref: string): string | undefined => {
    const { name, number } = parsePromptRef(ref)
    const prompt = number === null ? null : prompts.get(name)?.get(number)?.prompt
    if (prompt) return promptHash(prompt)
    missing.push(ref)
    return undefined
  }
  const hash = sha256(contentText(version.content, hashOf, definitions))
  if (missing.length > 0) {
    const message = `this version needs the prompt ${missing[0]}, which is not there or has errors`
    return {
      ...fileProblem(file.file, 'reference_unresolved', message, file.place(['references', 'prompts'])),
      at: { path: ['references'] },
    }
  }
  if (hash === version.hash) return undefined
  const message =
    'the content does not match its hash: the file or a prompt of it was changed after it was frozen'
  return { ...fileProblem(file.file, 'hash_mismatch', message, file.place(['hash'])), at: { path: ['hash'] } }
}

export interface PromptUse {
  readonly ref: string
  /** Below the config of the node. */
  readonly path: DocumentPath
}

/** Where a node names Prompts; nothing for a config that cannot be read. */
export function promptUses(node: FlowNode, definitions: Definitions): readonly PromptUse[] {
  const definition = definitions.get(node.type)
  if (!definition?.prompts) return []
  const config = node.config ?? {}
  const read = definition.config.safeParse(config)
  if (!read.success) return []
  const uses: readonly { readonly ref: string; readonly field: string }[] = definition.prompts(read.data)
  return uses.map(({ ref, field }) => ({ ref, path: pathIn(config, field) }))
}
