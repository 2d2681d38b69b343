// The edit of `sluice.yaml` that points a label to a Version.
import { editYamlText, type YamlEdit } from '#main/workspace/edit.ts'
import type { WorkspaceState } from '#main/workspace/read.ts'
import { AppError } from '#shared/errors.ts'
import { isJsonObject, type Json } from '#shared/json.ts'

export interface LabelMove {
  readonly flow: string
  readonly endpoint: string
  readonly label: string
  readonly number: number
}

/**
 * Touches only the lines of the label; a flow that was never published gets its endpoint. What the overlay says of the
 * label is changed there, because it would win. Undefined when the label points there already.
 */
export function moveLabel(
  state: WorkspaceState,
  { flow, endpoint, label, number }: LabelMove,
): { readonly file: string; readonly text: string } | undefined {
  const overlay = state.env === null ? undefined : settingsOf(state, state.env)
  const path = ['endpoints', endpoint, 'labels', label]
  const place = overlay && valueAt(overlay.yaml.data, path) !== undefined ? overlay : settingsOf(state, '')
  if (place === undefined) throw new AppError('invalid_request', { message: 'There is no sluice.yaml.' })
  const edits: YamlEdit[] = [{ path, value: number }]
  if (place !== overlay && valueAt(place.yaml.data, ['endpoints', endpoint, 'flow']) === undefined)
    edits.unshift({ path: ['endpoints', endpoint, 'flow'], value: flow })
  const text = editYamlText(place.text, edits)
  return text === place.text ? undefined : { file: place.file, text }
}

function settingsOf(state: WorkspaceState, env: string) {
  return state.settingsFiles.find((file) => file.env === env)
}

function valueAt(value: Json | undefined, [key, ...rest]: readonly string[]): Json | undefined {
  if (key === undefined || value === undefined) return value
  return isJsonObject(value) && Object.hasOwn(value, key) ? valueAt(value[key], rest) : undefined
}
