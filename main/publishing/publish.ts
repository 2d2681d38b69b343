// Publishing: the draft becomes an immutable Version, and a label moves to it. Files first, so that a crash in between
// leaves a Version that nothing points to, never a label that points to nothing.

import { type CheckParts, checkWorkspace } from '#main/workspace/check.ts'
import { readWorkspace, type WorkspaceState } from '#main/workspace/read.ts'
import { promptUses } from '#main/workspace/version-hash.ts'
import { freezeVersion } from '#main/workspace/versions.ts'
import { createFileAtomic, writeFileAtomic } from '#main/workspace/write.ts'
import type { OperationOutput } from '#shared/api/control.ts'
import { AppError } from '#shared/errors.ts'
import type { FileProblem } from '#shared/flow/diagnostics.ts'
import { moveLabel } from './move-label.ts'
import { isDraft, readOptions } from './parts.ts'

export interface PublishRequest {
  readonly folder: string
  readonly overlay: string | undefined
  readonly flow: string
  readonly endpoint?: string | undefined
  readonly label: string
  readonly note?: string | undefined
  readonly author?: string | undefined
  readonly now: Date
  readonly app: string
  readonly parts: CheckParts
}

/**
 * @throws AppError `endpoint_not_found`, `conflict` when it is not clear which label to move, or `invalid_request` with
 * `details.problems` when the draft, `sluice.yaml` or a file it needs has errors; nothing is written then
 */
export function publish(request: PublishRequest): OperationOutput<'publish'> {
  const { folder, flow, label } = request
  const state = readWorkspace(folder, readOptions(request.overlay))
  if (!state.flows.has(flow)) {
    const known = [...state.flows.keys()].sort().join(', ')
    throw new AppError('endpoint_not_found', {
      message: `There is no flow "${flow}" in this workspace.${known === '' ? '' : ` There are: ${known}.`}`,
    })
  }
  const problems = checkWorkspace(state, request.parts)
  const errors = problems.filter(blocker(state, flow))
  if (errors.length > 0) {
    throw new AppError('invalid_request', {
      message: `"${flow}" was not published: ${errors.length === 1 ? 'there is an error' : `there are ${errors.length} errors`}.`,
      details: { reason: 'problems', problems: errors.map(shown) },
    })
  }
  const endpoint = endpointFor(state, flow, request.endpoint)
  refuseSplit(state, endpoint, label)
  const frozen = freezeVersion(state, flow, {
    now: request.now,
    app: request.app,
    ...(request.note === undefined ? {} : { note: request.note }),
    ...(request.author === undefined ? {} : { author: request.author }),
  })
  const { number, hash } = frozen.version
  const moved = moveLabel(state, { flow, endpoint, label, number })
  for (const prompt of frozen.prompts) createFileAtomic(folder, prompt.path, prompt.text)
  if (!frozen.reused) createFileAtomic(folder, frozen.path, frozen.text)
  if (moved) writeFileAtomic(folder, moved.file, moved.text)
  const told = [
    ...problems.filter((problem) => problem.severity !== 'error' && isAbout(problem, flow, endpoint)),
    ...notCallable(state, endpoint),
  ]
  return { flow, endpoint, version: number, hash, label, reused: frozen.reused, problems: told.map(shown) }
}

/** An endpoint may have another name than its flow; several may serve one flow. */
function endpointFor(state: WorkspaceState, flow: string, given: string | undefined): string {
  const endpoints = Object.entries(state.project?.endpoints ?? {})
  const serving = endpoints.filter(([, settings]) => settings.flow === flow).map(([slug]) => slug)
  const wanted = given ?? (serving.length === 1 ? serving[0] : flow) ?? flow
  const other = endpoints.find(([slug]) => slug === wanted)?.[1].flow ?? flow
  if (other !== flow)
    throw new AppError('conflict', {
      message: `The endpoint "${wanted}" serves the flow "${other}", not "${flow}". Name another one: --endpoint <slug>.`,
    })
  if (given === undefined && serving.length > 1 && !serving.includes(flow))
    throw new AppError('conflict', {
      message: `Several endpoints serve the flow "${flow}": ${serving.join(', ')}. Name one: --endpoint <slug>.`,
    })
  return wanted
}

/** A split was written by a person: moving the label to one Version would throw it away. */
function refuseSplit(state: WorkspaceState, endpoint: string, label: string): void {
  const entry = new Map(Object.entries(state.project?.endpoints ?? {})).get(endpoint)?.labels[label]
  if (typeof entry !== 'object') return
  throw new AppError('conflict', {
    message: `The label "${label}" of "${endpoint}" is split between versions. Publish under another label (--label <name>), then change the split in sluice.yaml.`,
  })
}

/** Drafts of other flows and prompts do not stop this one; a secret in any file does. */
function blocker(state: WorkspaceState, flow: string): (problem: FileProblem) => boolean {
  const nodes = Object.values(state.flows.get(flow)?.flow?.nodes ?? {})
  const prompts = nodes
    .flatMap((node) => promptUses(node, state.definitions))
    .map(({ ref }) => ref.split('@')[0])
  const own = new Set([`flows/${flow}.flow.yaml`, ...prompts.map((name) => `prompts/${name}.prompt.md`)])
  return ({ file, code, severity }) =>
    severity === 'error' && (!isDraft(file) || own.has(file) || code === 'secret_in_file')
}

/** Warnings of the flow and its endpoint; `sluice check` tells all others. */
function isAbout({ file, at }: FileProblem, flow: string, endpoint: string): boolean {
  const [area, name] = at.path ?? []
  return file === `flows/${flow}.flow.yaml` || (area === 'endpoints' && name === endpoint)
}

function notCallable(state: WorkspaceState, endpoint: string): readonly FileProblem[] {
  const settings = new Map(Object.entries(state.project?.endpoints ?? {})).get(endpoint)
  if (settings === undefined || (settings.state !== 'draft' && settings.state !== 'retired')) return []
  const path = ['endpoints', endpoint, 'state']
  const place = state.projectFile?.locate(path) ?? { file: 'sluice.yaml', line: 1, column: 1 }
  const message = `the endpoint "${endpoint}" is in state "${settings.state}", so nobody can call it; set "state: published"`
  return [{ code: 'not_enforced', severity: 'warning', message, at: { path }, ...place }]
}

function shown({ code, severity, message, file, line, column }: FileProblem) {
  return { code, severity, message, file, line, column }
}
