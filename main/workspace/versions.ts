// Freezing a draft: an immutable Version whose references are numbers (flow-file.md 8).
import { AppError } from '#shared/errors.ts'
import { contentText } from '#shared/flow/hash.ts'
import type { FlowContent, FlowNode, Version } from '#shared/flow/types.ts'
import type { Json } from '#shared/json.ts'
import { writeDocument } from './canonical.ts'
import { writePrompt } from './prompt.ts'
import { parsePromptRef, promptBy } from './prompt-ref.ts'
import type { WorkspaceState } from './read.ts'
import { contentOf, promptHash, promptUses, sha256 } from './version-hash.ts'
import type { DocumentPath } from './yaml-tree.ts'

export interface FreezeFacts {
  readonly author?: string
  readonly note?: string
  readonly now: Date
  /** Version of Sluice. */
  readonly app: string
}

export interface FrozenPrompt {
  readonly name: string
  readonly number: number
  readonly path: string
  readonly text: string
}

export interface Frozen {
  readonly version: Version
  readonly path: string
  readonly text: string
  /** An earlier Version has this content already, and this is it: there is nothing to write. */
  readonly reused: boolean
  /** Drafts of Prompts that had to be frozen with it. They are written first. */
  readonly prompts: readonly FrozenPrompt[]
}

/**
 * Writes nothing. Throws `not_found` for an unknown flow, `invalid_request` for a draft with errors or a reference that
 * leads nowhere.
 */
export function freezeVersion(state: WorkspaceState, slug: string, facts: FreezeFacts): Frozen {
  const file = state.flows.get(slug)
  if (file === undefined) throw new AppError('not_found', { message: `There is no flow "${slug}".` })
  if (file.flow === null) throw invalid(`The flow "${slug}" has errors; "sluice check" shows them.`)
  const prompts = new PromptFreezer(state)
  const content = withNumbers(contentOf(file.flow), state, prompts)
  const hash = sha256(contentText(content, (ref) => prompts.hashes.get(ref), state.definitions))

  const known = state.versions.get(slug) ?? new Map()
  for (const each of known.values()) {
    if (each.version?.hash === hash) {
      return { version: each.version, path: each.file, text: each.text, reused: true, prompts: [] }
    }
  }
  const { author, note, now, app } = facts
  const version: Version = {
    format: 'sluice/version@1',
    flow: slug,
    number: Math.max(0, ...known.keys()) + 1,
    hash,
    created_at: now.toISOString().replace(/\.\d+Z$/, 'Z'),
    ...(author === undefined ? {} : { author }),
    ...(note === undefined ? {} : { note }),
    app,
    references: { prompts: Object.fromEntries([...prompts.numbers].sort()), flows: {} },
    content,
  }
  const path = `versions/${slug}/${version.number}.yaml`
  return { version, path, text: writeDocument('version', version), reused: false, prompts: prompts.fresh }
}

function withNumbers(content: FlowContent, state: WorkspaceState, prompts: PromptFreezer): FlowContent {
  const nodes = Object.entries(content.nodes).map(([id, node]): [string, FlowNode] => {
    const uses = promptUses(node, state.definitions)
    const config = uses.reduce<Json>(
      (changed, { ref, path }) => replaceText(changed, path, { text: ref, by: prompts.numbered(ref, id) }),
      node.config ?? {},
    )
    return [id, uses.length === 0 ? node : { ...node, config: config as NonNullable<FlowNode['config']> }]
  })
  return { ...content, nodes: Object.fromEntries(nodes) }
}

/** Turns references into numbers; lives for one freezing. */
class PromptFreezer {
  /** Content hash by numbered reference. */
  readonly hashes = new Map<string, string>()
  readonly numbers = new Map<string, number>()
  readonly fresh: FrozenPrompt[] = []
  readonly #state: WorkspaceState
  readonly #drafts = new Map<string, number>()

  constructor(state: WorkspaceState) {
    this.#state = state
  }

  /** `answer@production` → `answer@3`. */
  numbered(ref: string, node: string): string {
    const found = promptBy(this.#state, ref)
    if (found === undefined)
      throw invalid(`The node "${node}" names the prompt "${ref}", and there is no such prompt version.`)
    const { name } = parsePromptRef(ref)
    const hash = promptHash(found.prompt)
    const number = found.number ?? this.#freeze(name, hash)
    this.hashes.set(`${name}@${number}`, hash)
    this.numbers.set(name, Math.max(number, this.numbers.get(name) ?? 0))
    return `${name}@${number}`
  }

  /** The number of a draft: that of a frozen one with equal content, else the next. */
  #freeze(name: string, hash: string): number {
    const done = this.#drafts.get(name)
    if (done !== undefined) return done
    const frozen = this.#state.promptVersions.get(name) ?? new Map()
    const equal = [...frozen].findLast(
      ([, file]) => file.prompt !== null && promptHash(file.prompt) === hash,
    )?.[0]
    const number: number = equal ?? Math.max(0, ...frozen.keys()) + 1
    this.#drafts.set(name, number)
    const draft = this.#state.prompts.get(name)?.prompt
    if (equal === undefined && draft) {
      this.fresh.push({
        name,
        number,
        path: `versions/prompts/${name}/${number}.prompt.md`,
        text: writePrompt(draft),
      })
    }
    return number
  }
}

function replaceText(
  value: Json,
  path: DocumentPath,
  change: { readonly text: string; readonly by: string },
): Json {
  const [key, ...rest] = path
  if (key === undefined) {
    if (value === change.text) return change.by
    throw invalid(`The reference "${change.text}" is written for an older release; save its node again.`)
  }
  if (Array.isArray(value)) {
    return (value as readonly Json[]).map((item, index) =>
      index === Number(key) ? replaceText(item, rest, change) : item,
    )
  }
  const map = value as Readonly<Record<string, Json>>
  return { ...map, [key]: replaceText(map[key] ?? null, rest, change) }
}

function invalid(message: string): AppError {
  return new AppError('invalid_request', { message })
}
