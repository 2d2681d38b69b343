import { AppError, type Issue } from '#shared/errors.ts'
import type { Run } from '#shared/flow/definition.ts'
import type { Json } from '#shared/json.ts'
import type { Message, ToolSet } from '#shared/model/chat.ts'
import { paramsSchema } from '#shared/model/settings.ts'
import type { chatInput } from './node.ts'

export const run: Run<typeof chatInput> = ({ config, ctx }) => {
  const { chat } = ctx.run.input
  if (!chat) throw refused({ path: '/messages', rule: 'required', message: 'is required' })
  const { messages, system, tools, toolChoice } = chat
  if (messages.length > config.max_messages)
    throw refused({
      path: '/messages',
      rule: 'maxItems',
      message: `has more than ${config.max_messages} messages`,
    })
  const last = messages.at(-1)
  if (last?.role !== 'user' && last?.role !== 'tool')
    throw refused({ path: '/messages', rule: 'last', message: 'must end with a user or tool message' })
  if (config.system === 'refuse' && system !== '')
    throw refused({ path: '/messages', rule: 'system', message: 'may hold no system text' })
  const toolSet: ToolSet = { tools, ...(toolChoice === undefined ? {} : { choice: toolChoice }) }
  return {
    messages,
    last_text: lastText(messages),
    system: config.system === 'pass' && system !== '' ? system : undefined,
    tools: config.accept_tools && tools.length > 0 ? toolSet : undefined,
    params: acceptedParams(chat.params, config.accept_params),
  }
}

function lastText(messages: readonly Message[]): string | undefined {
  const message = messages.findLast(({ role }) => role === 'user')
  const text = message?.parts.map((part) => (part.type === 'text' ? part.text : '')).join('')
  return text || undefined
}

function acceptedParams(
  params: Readonly<Record<string, Json>>,
  accepted: readonly string[],
): Json | undefined {
  const names = accepted.filter((name) => Object.hasOwn(params, name) && params[name] !== null)
  if (names.length === 0) return undefined
  const given = Object.fromEntries(names.map((name) => [name, params[name] as Json]))
  const parsed = paramsSchema.safeParse(given)
  if (parsed.success) return given
  throw refused(
    ...parsed.error.issues.map(({ path, code, message }) => ({
      path: `/params/${path.join('/')}`,
      rule: code,
      message,
    })),
  )
}

function refused(...issues: readonly Issue[]): AppError {
  const [first] = issues
  return new AppError('invalid_input', {
    message: `The chat request cannot be used: ${first?.path} ${first?.message}.`,
    details: { issues: issues.map((issue) => ({ ...issue })) },
  })
}
