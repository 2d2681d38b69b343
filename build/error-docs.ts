// Writes docs/errors.md from the error table: node build/error-docs.ts [--check]
import { readFileSync, writeFileSync } from 'node:fs'
import { errorTable } from '../shared/errors.ts'

const file = new URL('../docs/errors.md', import.meta.url)

export function errorDocs(): string {
  const rows = Object.entries(errorTable).map(([code, row]) => {
    const openaiCode = 'code' in row.openai ? row.openai.code : code
    return `| \`${code}\` | ${row.status} | ${row.retryable ? 'yes' : '–'} | ${row.sentence} | \`${row.openai.type}\` / \`${openaiCode}\` |`
  })
  return [
    '<!-- Written by build/error-docs.ts from shared/errors.ts. -->',
    '# Errors',
    '',
    'Every refusal and failure has one code, the same on every surface, whole and streamed. `retryable` equals the',
    '`x-should-retry` header. `app_*` codes (400 to 599) come from `error-output` nodes of a flow.',
    '',
    '```json',
    '{ "error": { "code": "upstream_timeout", "message": "The model gave no first token in 3000 ms.", "retryable": true, "run_id": "run_…", "details": {} } }',
    '```',
    '',
    'On the OpenAI surface: `{ "error": { "message", "type", "param", "code" } }`, with the same HTTP status.',
    '',
    '| code | HTTP | retryable | meaning | OpenAI type / code |',
    '| --- | --: | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n')
}

if (process.argv[1]?.endsWith('error-docs.ts')) {
  const current = process.argv.includes('--check') ? readFileSync(file, 'utf8') : undefined
  if (current === undefined) writeFileSync(file, errorDocs())
  else if (current !== errorDocs()) {
    process.stderr.write('docs/errors.md is not what build/error-docs.ts writes: run it again.\n')
    process.exitCode = 1
  }
}
