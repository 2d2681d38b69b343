// Which model a test call should use: one that the project names, else the cheapest that can chat.
import { AppError } from '#shared/errors.ts'
import { catalogueModels } from './catalogue.ts'
import type { Connection } from './connection.ts'

const otherTrades =
  /embed|whisper|tts|dall-e|image|audio|moderation|rerank|realtime|transcri|guard|ocr|vision-only/i

/** @throws AppError when the server says that it may not be asked, or offers nothing */
export async function chooseModel(connection: Connection, list: () => Promise<string[]>): Promise<string> {
  const [named] = Object.keys(connection.config.models ?? {})
  if (named !== undefined) return named
  const catalogue = catalogueModels(connection.row.id)
  const offered = await list().catch((error: unknown) => {
    // A server without a list may still chat; one that refuses the credential will not.
    if (catalogue.size === 0 || !(error instanceof AppError) || error.code !== 'upstream_rejected')
      throw error
    return [...catalogue.keys()]
  })
  const chatting = offered.filter((id) => !otherTrades.test(id))
  const price = (id: string) => catalogue.get(id)?.price?.output ?? Number.POSITIVE_INFINITY
  const [best] = chatting.toSorted((a, b) => price(a) - price(b))
  if (best !== undefined) return best
  throw new AppError('upstream_rejected', {
    message: `${connection.row.title} offers no model to test with. Name one under models of this connection.`,
    connection: connection.id,
  })
}
