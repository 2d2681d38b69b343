import type { Surface } from '../call.ts'
import { askChat, giveChat } from './request.ts'
import { chatWhole } from './response.ts'
import { chatWriter } from './stream.ts'

export const openai: Surface = {
  origin: 'openai',
  shape: 'openai',
  silenceMs: 15_000,
  restarts: false,
  ask: askChat,
  give: giveChat,
  whole: chatWhole,
  writer: chatWriter,
}
