// The chat-completions adapter: what most vendors and every local server speak.
import { isJsonObject, type Json } from '#shared/json.ts'
import type { Adapter } from '../adapter.ts'
import { readFailure } from './errors.ts'
import { writeRequest } from './request.ts'
import { openReader, readWhole } from './whole.ts'

export const openaiChat: Adapter = {
  dialect: 'openai-chat',
  paths: { chat: '/chat/completions', models: '/models' },
  write: writeRequest,
  reader: openReader,
  whole: readWhole,
  failure: readFailure,
  modelIds(body) {
    const value = JSON.parse(body) as Json
    const list = isJsonObject(value) ? (value.data ?? value.models) : value
    if (!Array.isArray(list)) return []
    return (list as readonly Json[]).flatMap((item) => {
      const id = isJsonObject(item) ? (item.id ?? item.name) : item
      return typeof id === 'string' ? [id] : []
    })
  },
}
