// What commands write. Results go to standard output, everything else to standard error.

export function line(text: string): void {
  process.stdout.write(`${text}\n`)
}

export function json(value: unknown): void {
  line(JSON.stringify(value))
}

export function note(text: string): void {
  process.stderr.write(`${text}\n`)
}

/** How this program is called here, for messages that name a command to type. */
export function command(): string {
  return process.env.npm_lifecycle_event === undefined ? 'sluice' : 'npm run --silent sluice --'
}

/** Left-aligned columns, two spaces apart; an empty table says so. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], empty: string): void {
  if (rows.length === 0) {
    note(empty)
    return
  }
  const all = [head, ...rows]
  const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)))
  for (const row of all)
    line(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
}
