// Publishing: the draft becomes an immutable Version, and a label moves to it. Files first, so that a crash in between
// leaves a Version that nothing points to, never a label that points to nothing.

import { type CheckParts, checkWorkspace } from '#main/workspace/check.ts'
import { editYamlText } from '#main/workspace/edit.ts'
import { readWorkspace, type WorkspaceState } from '#main/workspace/read.ts'
import { freezeVersion } from '#main/workspace/versions.ts'
import { createFileAtomic, writeFileAtomic } from '#main/workspace/write.ts'
import type { OperationOutput } from '#shared/api/control.ts'
import { AppError } from '#shared/errors.ts'
import type { FileProblem } from '#shared/flow/diagnostics.ts'
import { readOptions } from './parts.ts'

export interface PublishRequest {
  readonly folder: string
  readonly flow: string
  readonly label: string
  readonly note?: string | undefined
  readonly author?: string | undefined
  readonly now: Date
  readonly app: string
  readonly parts: CheckParts
}

/**
 * @throws AppError `endpoint_not_found`, or `invalid_request` with `details.problems` when the draft, `sluice.yaml` or a
 * file it needs has errors; nothing is written then
 */
export function publish(request: PublishRequest): OperationOutput<'publish'> {
  const { folder, flow, label } = request
  const state = readWorkspace(folder, readOptions())
  if (!state.flows.has(flow)) {
    const known = [...state.flows.keys()].sort().join(', ')
    throw new AppError('endpoint_not_found', {
      message: `There is no flow "${flow}" in this workspace.${known === '' ? '' : ` There are: ${known}.`}`,
    })
  }
  const problems = checkWorkspace(state, request.parts).filter((problem) => concerns(problem, flow))
  const errors = problems.filter((problem) => problem.severity === 'error')
  if (errors.length > 0) {
    throw new AppError('invalid_request', {
      message: `"${flow}" was not published: ${errors.length === 1 ? 'there is an error' : `there are ${errors.length} errors`}.`,
      details: { reason: 'problems', problems: errors.map(shown) },
    })
  }
  const frozen = freezeVersion(state, flow, {
    now: request.now,
    app: request.app,
    ...(request.note === undefined ? {} : { note: request.note }),
    ...(request.author === undefined ? {} : { author: request.author }),
  })
  for (const prompt of frozen.prompts) createFileAtomic(folder, prompt.path, prompt.text)
  if (!frozen.reused) createFileAtomic(folder, frozen.path, frozen.text)
  moveLabel(folder, state, { flow, label, number: frozen.version.number })
  const { number, hash } = frozen.version
  return { flow, version: number, hash, label, reused: frozen.reused, problems: problems.map(shown) }
}

/** Touches only the lines of the label; a flow that was never published gets its endpoint. */
function moveLabel(
  folder: string,
  state: WorkspaceState,
  to: { readonly flow: string; readonly label: string; readonly number: number },
): void {
  const text = state.projectFile?.text ?? ''
  const known = state.project !== null && Object.hasOwn(state.project.endpoints, to.flow)
  const endpoint = ['endpoints', to.flow]
  const edited = editYamlText(text, [
    ...(known ? [] : [{ path: [...endpoint, 'flow'], value: to.flow }]),
    { path: [...endpoint, 'labels', to.label], value: to.number },
  ])
  if (edited !== text) writeFileAtomic(folder, 'sluice.yaml', edited)
}

/** Problems of other flows do not stop this one. */
function concerns(problem: FileProblem, flow: string): boolean {
  return !problem.file.startsWith('flows/') || problem.file === `flows/${flow}.flow.yaml`
}

function shown({ code, severity, message, file, line, column }: FileProblem) {
  return { code, severity, message, file, line, column }
}
