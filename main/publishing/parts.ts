// What checking and compiling a workspace needs from the other areas, in one place.
import { guardBuilders } from '#main/guards/builders.ts'
import { catalogueModel } from '#main/providers/catalogue.ts'
import { connectionProblem } from '#main/providers/connection.ts'
import { providers } from '#main/providers/registry.ts'
import type { CheckParts, ProviderFacts } from '#main/workspace/check.ts'
import type { ReadOptions, WorkspaceState } from '#main/workspace/read.ts'
import { definitions } from '#nodes/definitions.ts'
import { AppError } from '#shared/errors.ts'
import type { ModelFacts } from '#shared/flow/compile/env.ts'
import type { AnyNodeDefinition } from '#shared/flow/definition.ts'
import { formatProblem } from '#shared/flow/diagnostics.ts'
import type { Project } from '#shared/project/schema.ts'

export const definitionsByType: ReadonlyMap<string, AnyNodeDefinition> = new Map(
  definitions.map((definition) => [definition.type, definition]),
)

export function readOptions(env?: string): ReadOptions {
  return { definitions: definitionsByType, ...(env === undefined ? {} : { env }) }
}

/** Drafts may be wrong while they are edited; what is served does not depend on them. */
export function isDraft(file: string): boolean {
  return !(/^versions(\/|$)/.test(file) || /^sluice(\.[a-z0-9-]+)?\.yaml$/.test(file))
}

/** @throws AppError `invalid_request` that lists what is wrong with `sluice.yaml` */
export function usableProject(state: WorkspaceState): Project {
  if (state.project) return state.project
  const errors = state.problems.filter(({ severity, file }) => severity === 'error' && /^sluice\./.test(file))
  throw new AppError('invalid_request', {
    message: `sluice.yaml cannot be used:\n${errors.map(formatProblem).join('\n')}`,
  })
}

/** Shared by all flows; nothing in it is built before a flow uses it. */
export const guards = guardBuilders()

export function checkParts(secrets: { has(name: string): boolean }): CheckParts {
  let findSecrets: CheckParts['findSecrets'] | undefined
  return {
    providers: providerFacts(),
    modelFacts,
    hasSecret: (name) => secrets.has(name),
    unusable: (connection) => connectionProblem(connection, process.env),
    findSecrets: (text) => {
      findSecrets ??= guards.secrets({ generic: false })
      return findSecrets(text)
    },
  }
}

let facts: ReadonlyMap<string, ProviderFacts> | undefined

function providerFacts(): ReadonlyMap<string, ProviderFacts> {
  facts ??= new Map(
    [...providers()].map(([id, row]): [string, ProviderFacts] => [
      id,
      {
        local: row.local,
        catalogue: !row.local && row.base !== null,
        needsBaseUrl: row.base === null && id !== 'simulator',
      },
    ]),
  )
  return facts
}

function modelFacts(provider: string, model: string): ModelFacts | undefined {
  const known = catalogueModel(provider, model)
  if (!known) return undefined
  return {
    context: known.context ?? null,
    tools: known.tools ?? null,
    images: known.images ?? null,
    schema: known.schema ?? null,
    json: known.schema ?? null,
    priced: known.price !== undefined,
  }
}
