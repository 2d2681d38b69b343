// Recorded answers of real servers (test/fixtures/providers), with the framing that they had on the wire.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Recording {
  /** `groq/tool_use_failed_error#1` */
  readonly name: string
  /** Provider id of a Connection. */
  readonly provider: string
  readonly streamed: boolean
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  /** What a client of that vendor sent; undefined where only the answer was recorded. */
  readonly request: Readonly<Record<string, unknown>> | undefined
}

interface Entry {
  readonly file: string
  readonly kind: 'json' | 'event-lines' | 'sse' | 'cassette'
  readonly statuses?: readonly number[]
}
interface Interaction {
  readonly request: { readonly url: string; readonly json?: Record<string, unknown> }
  readonly response: {
    readonly status: number
    readonly headers: Record<string, string>
    readonly text?: string
    readonly json?: unknown
  }
}

export const folder = join(import.meta.dirname, '../fixtures/providers')

/** Folders that are not called like the provider id. */
const ids: Readonly<Record<string, string>> = { snowflake: 'snowflake-cortex' }

export function recordings(): Recording[] {
  const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as Entry[]
  return manifest.flatMap(read)
}

function read({ file, kind }: Entry): Recording[] {
  const text = readFileSync(join(folder, file), 'utf8')
  const [place = ''] = file.split('/')
  const base = {
    name: file.replace(/\.(?:chunks\.txt|cassette\.json|json|sse)$/, kind === 'event-lines' ? ' stream' : ''),
    provider: ids[place] ?? place,
    status: 200,
    request: undefined,
  }
  const events = { 'content-type': 'text/event-stream' }
  switch (kind) {
    case 'json':
      return [
        {
          ...base,
          streamed: false,
          headers: { 'content-type': 'application/json' },
          body: Buffer.from(text),
          status: text.includes('"error"') ? 400 : 200,
        },
      ]
    case 'sse':
      return [{ ...base, streamed: true, headers: events, body: Buffer.from(text) }]
    case 'event-lines': {
      const lines = text.split('\n').filter((line) => line.trim() !== '')
      const framed = [...lines, '[DONE]'].map((line) => `data: ${line}\n\n`).join('')
      return [{ ...base, streamed: true, headers: events, body: Buffer.from(framed) }]
    }
    case 'cassette':
      return (JSON.parse(text) as { interactions: Interaction[] }).interactions
        .map(({ request, response }, index) => ({
          ...base,
          name: `${base.name}#${index + 1}`,
          provider: file.includes('ollama_cloud') ? 'ollama-cloud' : base.provider,
          streamed: (response.headers['content-type'] ?? '').startsWith('text/event-stream'),
          status: response.status,
          headers: response.headers,
          body: Buffer.from(response.text ?? JSON.stringify(response.json)),
          request: request.json,
          chat: request.url.includes('/chat/completions'),
        }))
        .filter(({ chat }) => chat)
        .map(({ chat: _chat, ...recording }) => recording)
  }
}
