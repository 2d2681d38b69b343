// From the files of a workspace to the immutable snapshot that the gateway serves.
import type { Prepared } from '#main/engine/prepare.ts'
import type { LabelTarget, Route, Routes, ServedVersion } from '#main/gateway/ports.ts'
import { AppError } from '#shared/errors.ts'
import type { Flow, FlowContent, Version } from '#shared/flow/types.ts'
import { limitFacts } from '#shared/project/limits.ts'
import type { EndpointSettings, LabelEntry, Project } from '#shared/project/schema.ts'
import { gatewaySettings, runLimits } from './settings.ts'

export interface RouteParts {
  readonly generation: number
  readonly project: Project
  /** Drafts by slug. */
  readonly flows: ReadonlyMap<string, Flow>
  /** Frozen Versions by flow and number. */
  readonly versions: ReadonlyMap<string, ReadonlyMap<number, Version>>
  /** Compiled and bound, from a cache. Throws an `AppError` that says why it cannot be served. */
  readonly prepare: (flow: string, content: FlowContent, hash: string) => Prepared
  /** Hash of a draft, as a Version of it would have; throws when a reference of it leads nowhere. */
  readonly draftHash: (flow: Flow) => string
  /** Unix seconds since when an Endpoint (`slug`) or a Version of it (`slug@3`) has been deprecated or retired. */
  readonly deprecatedSince: (reference: string) => number
  /** The last snapshot: a draft that no longer compiles goes on being served as it was. */
  readonly previous: Routes | null
}

export interface RouteProblem {
  readonly endpoint: string
  readonly message: string
}

/**
 * The snapshot, and what of it cannot be served. A label that points to a Version that is missing or does not compile is
 * left out: its callers get `version_not_found`, and all else is served.
 */
export function buildRoutes(parts: RouteParts): {
  readonly routes: Routes
  readonly problems: readonly RouteProblem[]
} {
  const problems: RouteProblem[] = []
  const endpoints = new Map<string, Route>()
  const slugs = new Set([...Object.keys(parts.project.endpoints), ...parts.flows.keys()])
  for (const slug of slugs) {
    const settings = parts.project.endpoints[slug]
    const flow = settings?.flow ?? slug
    const report = (message: string) => problems.push({ endpoint: slug, message })
    const versions = servedVersions(parts, slug, flow, settings)
    endpoints.set(slug, {
      ...describe(slug, parts.flows.get(flow), settings, parts),
      labels: labelTargets(settings?.labels ?? {}, versions, report),
      versions,
      draft: draft(parts, slug, flow, report),
    })
  }
  return {
    routes: { generation: parts.generation, endpoints, settings: gatewaySettings(parts.project) },
    problems,
  }
}

type Description = Omit<Route, 'labels' | 'versions' | 'draft'>

function describe(
  slug: string,
  flow: Flow | undefined,
  settings: EndpointSettings | undefined,
  parts: RouteParts,
): Description {
  const state = settings?.state ?? 'draft'
  const surfaces = new Set(settings?.surfaces ?? ['rest', 'openai', 'anthropic', 'mcp'])
  return {
    slug,
    title: settings?.title ?? flow?.name ?? slug,
    description: flow?.description ?? '',
    tags: flow?.tags ?? [],
    state,
    deprecatedAt: state === 'deprecated' || state === 'retired' ? parts.deprecatedSince(slug) : null,
    sunset: settings?.sunset ?? null,
    successor: settings?.successor ?? null,
    surfaces: {
      rest: surfaces.has('rest'),
      openai: surfaces.has('openai'),
      anthropic: surfaces.has('anthropic'),
      mcp: surfaces.has('mcp'),
    },
    cors: settings?.access.cors ?? [],
    requireMetadata: settings?.require_metadata ?? [],
    unknownFields: settings?.unknown_fields ?? 'ignore',
    shareEvents: settings?.share_events ?? false,
    contextHeaders: (settings?.context_headers ?? []).map((name) => name.toLowerCase()),
    limits: limitFacts(settings?.limits),
    bodyBytes: settings?.limits.body_bytes ?? null,
    run: runLimits(settings),
    access: { approval: settings?.access.approval ?? false },
  }
}

function servedVersions(
  parts: RouteParts,
  slug: string,
  flow: string,
  settings: EndpointSettings | undefined,
): ReadonlyMap<number, ServedVersion> {
  const served = new Map<number, ServedVersion>()
  const frozen = [...(parts.versions.get(flow)?.values() ?? [])].sort((a, b) => a.number - b.number)
  for (const version of frozen) {
    const own = settings?.versions[String(version.number)]
    const state = own?.state ?? 'published'
    served.set(version.number, {
      number: version.number,
      hash: version.hash,
      state,
      deprecatedAt: state === 'published' ? null : parts.deprecatedSince(`${slug}@${version.number}`),
      sunset: own?.sunset ?? null,
      successor: own?.successor ?? null,
      samples: samples(version.content),
      // Labels are prepared with the snapshot (below); a number that no label names waits until somebody asks for it.
      get prepared() {
        return parts.prepare(flow, version.content, version.hash)
      },
    })
  }
  return served
}

function labelTargets(
  labels: Readonly<Record<string, LabelEntry>>,
  versions: ReadonlyMap<number, ServedVersion>,
  report: (message: string) => void,
): ReadonlyMap<string, LabelTarget> {
  const targets = new Map<string, LabelTarget>()
  for (const [label, entry] of Object.entries(labels)) {
    try {
      targets.set(
        label,
        target(entry, (number) => bound(known(versions, number))),
      )
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown
      report(`label "${label}" is not served: ${thrown.message}`)
      // Callers are told of the policy, not that the label is gone.
      if (thrown.code === 'policy_denied')
        targets.set(
          label,
          target(entry, (number) => known(versions, number)),
        )
    }
  }
  return targets
}

function target(entry: LabelEntry, version: (number: number) => ServedVersion): LabelTarget {
  if (typeof entry === 'number') return { kind: 'version', version: version(entry) }
  const arms = Object.entries(entry.split).map(([name, arm]) => ({
    name,
    weight: arm.weight,
    version: version(arm.version),
  }))
  return { kind: 'split', sticky: entry.sticky ?? null, arms }
}

function known(versions: ReadonlyMap<number, ServedVersion>, number: number): ServedVersion {
  const version = versions.get(number)
  if (!version) throw new AppError('version_not_found', { message: `there is no version ${number}.` })
  return version
}

/** The Version with its Plan bound now, so that no request pays for it. */
function bound(version: ServedVersion): ServedVersion {
  return { ...version, prepared: version.prepared }
}

function draft(
  parts: RouteParts,
  slug: string,
  flow: string,
  report: (message: string) => void,
): ServedVersion | null {
  const document = parts.flows.get(flow)
  if (!document) return null
  try {
    const hash = parts.draftHash(document)
    const prepared = parts.prepare(flow, document, hash)
    return {
      number: null,
      hash,
      state: 'published',
      sunset: null,
      successor: null,
      prepared,
      samples: samples(document),
    }
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown
    report(`the draft does not compile: ${thrown.message}`)
    return parts.previous?.endpoints.get(slug)?.draft ?? null
  }
}

function samples(content: FlowContent): ServedVersion['samples'] {
  return Object.entries(content.examples ?? {}).map(([name, example]) => ({
    name,
    input: example.input,
    metadata: example.metadata ?? {},
  }))
}
