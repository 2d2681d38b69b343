// References of `sluice.yaml` that must lead somewhere.
import { didYouMean, type FileProblem } from '#shared/flow/diagnostics.ts'
import type { EndpointSettings, Project } from '#shared/project/schema.ts'
import type { CheckParts } from './check.ts'
import type { WorkspaceState } from './read.ts'
import type { DocumentPath } from './yaml-tree.ts'

export function checkProject(
  state: WorkspaceState,
  parts: Pick<CheckParts, 'providers' | 'unusable'>,
): FileProblem[] {
  const { projectFile } = state
  const project = state.project ?? projectFile?.partial
  if (!project || !projectFile) return []
  const found: FileProblem[] = []
  const say: Say = (path, message, facts = {}) => {
    const { kind = 'value', ...rest } = facts
    found.push({
      code: 'reference_unresolved',
      severity: 'error',
      message,
      at: { path },
      ...projectFile.locate(path, kind),
      ...rest,
    })
  }
  const scene: Scene = { state, project, say }
  checkConnections(scene, parts)
  for (const [slug, endpoint] of Object.entries(project.endpoints)) checkEndpoint(scene, slug, endpoint)
  checkPrompts(scene)
  checkConsumers(scene)
  for (const [name, { send }] of Object.entries(project.alerts)) {
    send.forEach((target, index) => {
      if (target === 'desktop' || Object.hasOwn(project.webhooks, target)) return
      say(
        ['alerts', name, 'send', index],
        `there is no webhook "${target}"${hint(target, ['desktop', ...Object.keys(project.webhooks)])}`,
      )
    })
  }
  return found
}

type Say = (
  path: DocumentPath,
  message: string,
  facts?: Partial<Pick<FileProblem, 'code' | 'severity'>> & { readonly kind?: 'key' | 'value' },
) => void
interface Scene {
  readonly state: WorkspaceState
  readonly project: Project
  readonly say: Say
}

function hint(word: string, known: Iterable<string>): string {
  const close = didYouMean(word, known)
  return close === undefined ? '' : `; did you mean "${close}"?`
}

function checkConnections(
  { project, say }: Scene,
  { providers, unusable }: Pick<CheckParts, 'providers' | 'unusable'>,
): void {
  for (const [name, settings] of Object.entries(project.connections)) {
    const { provider, base_url } = settings
    const place = ['connections', name, 'provider']
    const facts = providers.get(provider)
    if (facts === undefined) {
      say(place, `there is no provider "${provider}"${hint(provider, providers.keys())}`, {
        code: 'wrong_value',
      })
      continue
    }
    if (facts.needsBaseUrl && base_url === undefined) {
      say(place, `the provider "${provider}" needs a "base_url"`, { code: 'wrong_value' })
      continue
    }
    const reason = unusable?.(settings) ?? null
    if (reason !== null) say(place, reason, { code: 'not_enforced', severity: 'warning' })
  }
}

function checkEndpoint(scene: Scene, slug: string, endpoint: EndpointSettings): void {
  const { state, project, say } = scene
  const { flow, labels, versions, successor } = endpoint
  const path = ['endpoints', slug]
  const frozen = state.versions.get(flow) ?? new Map()
  if (!state.flows.has(flow) && frozen.size === 0) {
    say([...path, 'flow'], `there is no flow "${flow}"${hint(flow, state.flows.keys())}`)
    return
  }
  const versionAt = (place: DocumentPath, number: number) => {
    if (frozen.has(number)) return
    const have = [...frozen.keys()].sort((a, b) => a - b)
    const known = have.length === 0 ? 'it has none yet' : `it has ${have.slice(-8).join(', ')}`
    say(place, `the flow "${flow}" has no version ${number}; ${known}`)
  }
  for (const [label, entry] of Object.entries(labels)) {
    const place = [...path, 'labels', label]
    if (typeof entry === 'number') {
      versionAt(place, entry)
      continue
    }
    for (const [arm, { version }] of Object.entries(entry.split))
      versionAt([...place, 'split', arm, 'version'], version)
    const to = entry.rollout?.to
    if (to !== undefined && !Object.hasOwn(entry.split, to)) {
      say(
        [...place, 'rollout', 'to'],
        `the split has no variant "${to}"${hint(to, Object.keys(entry.split))}`,
      )
    }
  }
  for (const [number, settings] of Object.entries(versions)) {
    if (!frozen.has(Number(number))) {
      say([...path, 'versions', number], `the flow "${flow}" has no version ${number}`, {
        severity: 'warning',
        kind: 'key',
      })
    }
    const next = settings.successor
    if (next !== undefined && !isReference(next, endpoint, frozen)) {
      say(
        [...path, 'versions', number, 'successor'],
        `"${slug}" has no label or version "${next}"${hint(next, Object.keys(labels))}`,
      )
    }
  }
  if (successor !== undefined && !Object.hasOwn(project.endpoints, successor)) {
    say(
      [...path, 'successor'],
      `there is no endpoint "${successor}"${hint(successor, Object.keys(project.endpoints))}`,
    )
  }
}

function isReference(
  reference: string,
  endpoint: EndpointSettings | undefined,
  frozen: ReadonlyMap<number, unknown>,
): boolean {
  if (reference === 'draft') return true
  return /^\d+$/.test(reference)
    ? frozen.has(Number(reference))
    : Object.hasOwn(endpoint?.labels ?? {}, reference)
}

function checkPrompts({ state, project, say }: Scene): void {
  for (const [name, { labels }] of Object.entries(project.prompts)) {
    const frozen = state.promptVersions.get(name)
    if (frozen === undefined && !state.prompts.has(name)) {
      say(['prompts', name], `there is no prompt "${name}"${hint(name, state.prompts.keys())}`, {
        kind: 'key',
      })
      continue
    }
    for (const [label, number] of Object.entries(labels)) {
      if (!frozen?.has(number))
        say(['prompts', name, 'labels', label], `the prompt "${name}" has no version ${number}`)
    }
  }
}

function checkConsumers(scene: Scene): void {
  const { project, say } = scene
  const ids = new Map<string, string>()
  for (const [consumer, { access, keys }] of Object.entries(project.consumers)) {
    const path = ['consumers', consumer]
    for (const [slug, references] of Object.entries(access ?? {})) {
      if (!checkSlug(scene, [...path, 'access', slug], slug)) continue
      references.forEach((reference, index) => {
        checkReference(scene, [...path, 'access', slug, index], slug, reference)
      })
    }
    keys.forEach((key, index) => {
      const place = [...path, 'keys', index]
      const owner = ids.get(key.id)
      if (owner !== undefined)
        say([...place, 'id'], `the key id "${key.id}" is already used by "${owner}"`, { code: 'wrong_value' })
      ids.set(key.id, consumer)
      for (const [slug, reference] of Object.entries(key.pin)) {
        if (checkSlug(scene, [...place, 'pin', slug], slug))
          checkReference(scene, [...place, 'pin', slug], slug, reference)
      }
    })
  }
}

/** A flow that is not published yet may already be promised to somebody. */
function checkSlug({ state, project, say }: Scene, path: DocumentPath, slug: string): boolean {
  if (Object.hasOwn(project.endpoints, slug) || state.flows.has(slug)) return true
  say(
    path,
    `there is no endpoint "${slug}"${hint(slug, [...Object.keys(project.endpoints), ...state.flows.keys()])}`,
    { kind: 'key' },
  )
  return false
}

function checkReference(
  { state, project, say }: Scene,
  path: DocumentPath,
  slug: string,
  reference: string,
): void {
  const endpoint = Object.hasOwn(project.endpoints, slug) ? project.endpoints[slug] : undefined
  const frozen = state.versions.get(endpoint?.flow ?? slug) ?? new Map()
  if (isReference(reference, endpoint, frozen)) return
  const message = `"${slug}" has no label or version "${reference}" yet${hint(reference, Object.keys(endpoint?.labels ?? {}))}`
  say(path, message, { severity: 'warning' })
}
