// On which surfaces a Version is offered, and why it is not.
import type { Route, ServedVersion } from '../ports.ts'

export const surfaceNames = ['rest', 'openai', 'anthropic', 'mcp'] as const
export type SurfaceName = (typeof surfaceNames)[number]

/** Surfaces that this release answers. */
const built: ReadonlySet<SurfaceName> = new Set<SurfaceName>(['rest', 'openai'])

/** Null: it is offered. Else one sentence. */
export function noSurface(route: Route, version: ServedVersion, surface: SurfaceName): string | null {
  if (!built.has(surface)) return 'This release does not answer on this surface.'
  if (!route.surfaces[surface]) return 'Switched off for this endpoint.'
  return surface === 'rest' ? null : version.prepared.plan.request.noChat
}
