// How many tokens a request may have, without a tokenizer: good enough to reserve and to refuse what cannot fit.
import type { ChatRequest, Message } from '#shared/model/chat.ts'

/** Tokens that vendors count for a part that is not text. */
const mediaTokens = 1_000
/** Roles and borders. */
const messageTokens = 4

/**
 * Input tokens to reserve. Between three and four characters make a token of ordinary text; characters outside ASCII
 * make half a token for each further byte. Errs towards more, as a reservation should.
 */
export function estimateInput(request: ChatRequest): number {
  let tokens = 0
  eachText(request, (text) => {
    tokens += text.length / 3 + (Buffer.byteLength(text) - text.length) / 2
  })
  return Math.ceil(tokens) + extras(request)
}

/**
 * Does the text exceed the window whatever the tokenizer is? No tokenizer joins words across spaces, and none has
 * tokens of more than six characters on average; the common case is decided by length alone.
 */
export function cannotFit(request: ChatRequest, window: number): boolean {
  let length = 0
  eachText(request, (text) => {
    length += text.length
  })
  if (length <= 2 * window) return false
  if (length > 6 * window) return true
  let words = 0
  eachText(request, (text) => {
    words += countWords(text)
  })
  return words > window
}

function countWords(text: string): number {
  let words = 0
  let inside = false
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i)
    const space = unit === 32 || (unit >= 9 && unit <= 13)
    if (!space && !inside) words += 1
    inside = !space
  }
  return words
}

function extras(request: ChatRequest): number {
  let tokens = request.messages.length * messageTokens
  for (const message of request.messages) {
    for (const part of message.parts) if (isMedia(part.type)) tokens += mediaTokens
  }
  return tokens
}

function isMedia(type: string): boolean {
  return type === 'image' || type === 'audio' || type === 'video' || type === 'file'
}

function eachText(request: ChatRequest, use: (text: string) => void): void {
  for (const part of request.system) use(part.text)
  for (const message of request.messages) eachPart(message, use)
  for (const tool of request.tools) use(JSON.stringify(tool))
  if (request.output?.kind === 'schema') use(JSON.stringify(request.output.schema))
}

function eachPart(message: Message, use: (text: string) => void): void {
  for (const part of message.parts) {
    if (part.type === 'text' || part.type === 'reasoning' || part.type === 'refusal') use(part.text)
    else if (part.type === 'tool-call') use(part.argsText)
    else if (part.type === 'tool-result') {
      for (const item of part.content) {
        if (item.type === 'text') use(item.text)
        else if (item.type === 'json') use(JSON.stringify(item.value))
      }
    }
  }
}
