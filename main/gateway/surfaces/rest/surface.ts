import type { Surface } from '../call.ts'
import { askRest, giveRest } from './request.ts'
import { restWhole } from './response.ts'
import { restWriter } from './stream.ts'

export const rest: Surface = {
  origin: 'rest',
  shape: 'rest',
  silenceMs: 10_000,
  restarts: true,
  ask: askRest,
  give: giveRest,
  whole: restWhole,
  writer: restWriter,
}
