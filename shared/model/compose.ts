// From the inlets of a chat node to a `ChatRequest`.
import { AppError } from '../errors.ts'
import type { StepContext, Value } from '../flow/definition.ts'
import type { ChatRequest, Message, TextPart, ToolResultPart, ToolSet, UserMessage } from './chat.ts'
import { type BaseRequest, paramNames, paramsSchema, withParams } from './settings.ts'

export interface ChatInlets {
  readonly messages?: Value
  readonly system?: Value
  readonly tools?: Value
  readonly params?: Value
}
type Guard = Pick<StepContext, 'untrusted' | 'fence' | 'warn'>

/** `system` comes before system text in `messages`; `params` overrides `base`; what is untrusted is fenced or refused. */
export function composeRequest(base: BaseRequest, input: ChatInlets, ctx: Guard): ChatRequest {
  const { system, messages } = splitSystem(input.messages as readonly Message[], ctx.untrusted('messages'))
  if (typeof input.system === 'string' && input.system !== '') {
    // The compiler refuses text from outside here unless the workspace allows it.
    const text = ctx.untrusted('system') ? ctx.fence(input.system) : input.system
    system.unshift({ type: 'text', text })
  }
  const settings = input.params === undefined ? base : withParams(base, readParams(input.params, ctx))
  return {
    ...settings,
    ...(input.tools === undefined ? {} : readTools(input.tools as ToolSet, ctx)),
    system,
    messages: ctx.untrusted('messages') ? messages.map((message) => fenced(message, ctx)) : messages,
  }
}

function splitSystem(all: readonly Message[], untrusted: boolean) {
  const system: TextPart[] = []
  const messages: Exclude<Message, { role: 'system' }>[] = []
  for (const message of all) {
    if (message.role !== 'system') messages.push(message)
    else if (untrusted) throw misplaced('system message')
    else system.push(...message.parts)
  }
  return { system, messages }
}

function fenced(message: Message, ctx: Guard): Message {
  switch (message.role) {
    case 'user':
      return { ...message, parts: message.parts.map((part) => fencedPart(part, ctx)) } satisfies UserMessage
    case 'tool':
      return {
        ...message,
        parts: message.parts.map(
          (part): ToolResultPart => ({
            ...part,
            content: part.content.map((content) =>
              content.type === 'json'
                ? { type: 'text', text: ctx.fence(JSON.stringify(content.value)) }
                : fencedPart(content, ctx),
            ),
          }),
        ),
      }
    default:
      throw misplaced(`${message.role} message`)
  }
}

function fencedPart<Part extends { readonly type: string }>(part: Part, ctx: Guard): Part {
  return 'text' in part ? { ...part, text: ctx.fence(String(part.text)) } : part
}

function misplaced(place: string): AppError {
  return new AppError('flow_error', {
    message: `Text from outside may stand in user and tool messages only, not in the ${place}.`,
    details: { reason: 'untrusted_in_system' },
  })
}

function readTools(value: ToolSet | ToolSet['tools'], ctx: Guard): Pick<ChatRequest, 'tools' | 'toolChoice'> {
  if (ctx.untrusted('tools')) throw misplaced('tool list')
  const { tools, choice }: ToolSet = 'tools' in value ? value : { tools: value }
  return { tools, toolChoice: tools.length === 0 ? 'auto' : (choice ?? 'auto') }
}

function readParams(value: Value, ctx: Guard) {
  const parsed = paramsSchema.safeParse(value)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new AppError('flow_error', {
      message: `The value on "params" cannot be used: ${issue?.path.join('.') || 'params'}: ${issue?.message}.`,
      details: { reason: 'params' },
    })
  }
  for (const key of Object.keys(value as object))
    if (!(paramNames as readonly string[]).includes(key))
      ctx.warn('param_ignored', `The parameter "${key.slice(0, 80)}" is not known and was left out.`)
  return parsed.data
}

/** The list of a config, or what the `target` inlet says instead: one reference or a list of them. */
export function targetsOf(configured: readonly string[], inlet: Value): readonly string[] {
  const targets = inlet === undefined ? configured : typeof inlet === 'string' ? [inlet] : inlet
  if (
    !Array.isArray(targets) ||
    targets.length === 0 ||
    !targets.every((target) => typeof target === 'string')
  )
    throw new AppError('flow_error', {
      message: 'There is no model to ask: list one in "targets" or feed the "target" inlet.',
      details: { reason: 'target' },
    })
  return targets
}
