// What a file of the workspace is, told by its path alone.
import { promptNamePattern, slugPattern } from '#shared/flow/schema.ts'
import type { DocumentKind } from './shapes.ts'

export interface FileKind {
  readonly kind: DocumentKind
  /** Slug of a flow, name of a prompt, environment of an overlay (empty for `sluice.yaml`). */
  readonly name: string
  /** Of a frozen flow or prompt. */
  readonly number?: number
  readonly maxBytes: number
}

const mib = 1024 * 1024
const number = '([1-9]\\d{0,8})'

/** A sentence where the path looks like a document and is none. */
export function kindOf(file: string): FileKind | { readonly misplaced: string } | undefined {
  const [top = '', ...rest] = file.split('/')
  const below = rest.join('/')
  if (rest.length === 0) return overlay(file)
  switch (top) {
    case 'flows':
      return flowFile(below)
    case 'prompts': {
      const name = /^(.+)\.prompt\.md$/.exec(below)?.[1]
      if (name === undefined)
        return below.endsWith('.md')
          ? { misplaced: 'is not read: the name of a prompt ends with .prompt.md' }
          : undefined
      if (!promptNamePattern.test(name)) return { misplaced: badName(name) }
      return { kind: 'prompt', name, maxBytes: mib }
    }
    case 'versions': {
      const prompt = new RegExp(`^prompts/(.+)/${number}\\.prompt\\.md$`).exec(below)
      if (prompt)
        return { kind: 'prompt', name: prompt[1] as string, number: Number(prompt[2]), maxBytes: mib }
      const flow = new RegExp(`^([^/]+)/${number}\\.yaml$`).exec(below)
      if (flow)
        return { kind: 'version', name: flow[1] as string, number: Number(flow[2]), maxBytes: 4 * mib }
      return /\.(ya?ml|md)$/.test(below)
        ? {
            misplaced: 'is not read: versions are <flow>/<number>.yaml and prompts/<name>/<number>.prompt.md',
          }
        : undefined
    }
    default:
      return undefined
  }
}

function overlay(file: string): ReturnType<typeof kindOf> {
  if (file === 'sluice.yaml') return { kind: 'project', name: '', maxBytes: 2 * mib }
  const env = /^sluice\.([a-z0-9][a-z0-9-]{0,31})\.yaml$/.exec(file)?.[1]
  if (env !== undefined) return { kind: 'project', name: env, maxBytes: 2 * mib }
  return { misplaced: 'is not read: the project is sluice.yaml, its overlays are sluice.<env>.yaml' }
}

function flowFile(below: string): ReturnType<typeof kindOf> {
  const [, name, kind] = /^(.+)\.(flow|layout)\.yaml$/.exec(below) ?? []
  if (name === undefined)
    return /\.ya?ml$/.test(below)
      ? { misplaced: 'is not read: the name of a flow ends with .flow.yaml' }
      : undefined
  if (!slugPattern.test(name)) return { misplaced: badName(name) }
  return { kind: kind as 'flow' | 'layout', name, maxBytes: 2 * mib }
}

function badName(name: string): string {
  return `is not read: "${name.slice(0, 80)}" cannot be a name; use a-z, 0-9 and -`
}
