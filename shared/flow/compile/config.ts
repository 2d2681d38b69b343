// The config of a node against its schema: everything that is wrong with it, in words, and the fix where one is plain.
import type { Json } from '../../json.ts'
import { readIssues } from '../../project/issues.ts'
import { fieldsAt } from '../../project/walk.ts'
import { didYouMean, type Fix, type Problem } from '../diagnostics.ts'
import type { FlowEdit } from '../edit.ts'
import type { LiftedNode } from './migrate.ts'
import { error, fieldOf, type Path, pathIn, type Report } from './report.ts'

/** Null when it does not parse; then the reasons were reported. */
export function parseConfig(lifted: LiftedNode, report: Report): { readonly config: unknown } | null {
  const { id, node, definition, config } = lifted
  try {
    const read = definition.config.safeParse(config)
    if (!read.success) {
      for (const issue of readIssues(definition.config, read.error, config, `${node.type} config`)) {
        const at = fieldOf(id, ['config', ...issue.path])
        const fix =
          issue.code === 'unknown_field'
            ? renameField(lifted, issue.path)
            : otherValue(lifted, issue.path, read.error.issues)
        report(error('config_invalid', { at, message: issue.message, ...(fix ? { fix } : {}) }))
      }
      return null
    }
    const found: readonly { readonly field: string; readonly message: string }[] =
      definition.check?.(read.data) ?? []
    for (const { field, message } of found) {
      report(error('config_invalid', { at: fieldOf(id, ['config', ...pathIn(config, field)]), message }))
    }
    return { config: read.data }
  } catch (thrown) {
    report(unusable(lifted, thrown))
    return null
  }
}

function renameField({ id, definition, config }: LiftedNode, path: Path): Fix | undefined {
  const key = path.at(-1)
  if (key === undefined) return undefined
  const place = ['nodes', id, 'config', ...path]
  const holder = valueAt(config, path.slice(0, -1))
  const free = fieldsAt(definition.config, path.slice(0, -1)).filter(
    (name) => !Object.hasOwn(holder ?? {}, name),
  )
  const close = didYouMean(String(key), free)
  const edits: FlowEdit[] = [{ op: 'unset', path: place }]
  if (close === undefined) return { title: `Remove "${key}"`, edits }
  const value = valueAt(config, path) as Json
  return {
    title: `Change it to "${close}"`,
    edits: [...edits, { op: 'set', path: [...place.slice(0, -1), close], value }],
  }
}

/** For a word that is one letter away from an allowed one. */
function otherValue({ id, config }: LiftedNode, path: Path, issues: Issues): Fix | undefined {
  const value = valueAt(config, path)
  if (typeof value !== 'string') return undefined
  const issue = issues.find(
    (each) => each.code === 'invalid_value' && each.path.join('\0') === path.join('\0'),
  )
  const allowed =
    issue?.code === 'invalid_value' ? issue.values.filter((each) => typeof each === 'string') : []
  const close = didYouMean(value, allowed)
  if (close === undefined) return undefined
  const edits: FlowEdit[] = [{ op: 'set', path: ['nodes', id, 'config', ...path], value: close }]
  return { title: `Change it to "${close}"`, edits }
}

type Issues = NonNullable<ReturnType<LiftedNode['definition']['config']['safeParse']>['error']>['issues']

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (level, key) =>
      typeof level === 'object' && level !== null && Object.hasOwn(level, key)
        ? (level as Readonly<Record<string | number, unknown>>)[key]
        : undefined,
    value,
  )
}

export function unusable({ id, node }: LiftedNode, thrown: unknown): Problem {
  const reason = thrown instanceof Error ? thrown.message : String(thrown)
  const message = `the ${node.type} node "${id}" cannot work with its config: ${reason}`
  return error('config_invalid', { at: { node: id, path: ['nodes', id, 'config'] }, message })
}
