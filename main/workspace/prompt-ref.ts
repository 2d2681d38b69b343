// What a reference to a Prompt leads to: `answer@3`, `answer@production`, `answer@draft`, or `answer` for the draft.
import type { PromptFile } from './document.ts'
import type { WorkspaceState } from './read.ts'

export interface PromptRef {
  readonly name: string
  readonly number: number | null
  /** `draft` for a name alone. */
  readonly label: string | null
}

export function parsePromptRef(ref: string): PromptRef {
  const at = ref.lastIndexOf('@')
  const name = at === -1 ? ref : ref.slice(0, at)
  const rest = at === -1 ? 'draft' : ref.slice(at + 1)
  return /^[1-9]\d{0,8}$/.test(rest)
    ? { name, number: Number(rest), label: null }
    : { name, number: null, label: rest }
}

/** Undefined when there is no such version, label or draft. */
export function promptBy(
  state: WorkspaceState,
  ref: string,
): { readonly prompt: NonNullable<PromptFile['prompt']>; readonly number: number | null } | undefined {
  const { name, label } = parsePromptRef(ref)
  const number = parsePromptRef(ref).number ?? labelled(state, name, label)
  const file =
    number === undefined && label === 'draft'
      ? state.prompts.get(name)
      : state.promptVersions.get(name)?.get(number ?? 0)
  return file?.prompt ? { prompt: file.prompt, number: number ?? null } : undefined
}

function labelled(state: WorkspaceState, name: string, label: string | null): number | undefined {
  const prompts = new Map(Object.entries(state.project?.prompts ?? state.projectFile?.partial?.prompts ?? {}))
  return new Map(Object.entries(prompts.get(name)?.labels ?? {})).get(label ?? '')
}
