import { existingStore } from './existing-store.ts'
import type { ExitCode } from './exit.ts'
import { json, line, note, table } from './print.ts'

export function audit(
  folder: string,
  options: { readonly json?: boolean; readonly store?: string },
): ExitCode {
  const store = existingStore(folder, options.store)
  try {
    const entries = store?.audit.list() ?? []
    const broken = store?.audit.verify() ?? null
    if (options.json) json({ ok: broken === null, broken_at: broken, entries })
    else {
      table(
        ['time', 'who', 'action', 'subject', 'facts'],
        entries.map((entry) => [
          new Date(entry.at).toISOString(),
          entry.actor,
          entry.action,
          entry.subject,
          JSON.stringify(entry.facts),
        ]),
        'Nothing recorded yet.',
      )
      if (broken === null) line(`The chain of ${entries.length} entries holds.`)
      else note(`The chain breaks at entry ${broken}: a row was changed or removed.`)
    }
    return broken === null ? 0 : 1
  } finally {
    store?.close()
  }
}
