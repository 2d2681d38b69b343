import type { Builders, ConfigOf, Prepare, Run, StepContext, Template } from '#shared/flow/definition.ts'
import type { BlockRole } from '#shared/flow/types.ts'
import { pickByWeight } from '#shared/flow/weights.ts'
import type { Json } from '#shared/json.ts'
import type { Message } from '#shared/model/chat.ts'
import type { prompt } from './node.ts'

type Config = ConfigOf<typeof prompt>
type Values = Readonly<Record<string, unknown>>

interface Ready {
  /** Null: without variants. */
  readonly weights: readonly (readonly [string, number])[] | null
  /** By variant; the prompt itself under ''. */
  readonly wordings: Readonly<Record<string, Wording>>
}
interface Wording {
  readonly blocks: readonly Block[]
  readonly defaults: Readonly<Record<string, Json>> | null
}
/** A block without variables is made into its message once. */
type Block = Message | { readonly role: BlockRole; readonly index: number; readonly template: Template }

export const prepare: Prepare<typeof prompt, Ready> = ({ config, build }) => {
  const weights = Object.entries(config.variants ?? {}).flatMap(([name, { on, weight }]) =>
    on && weight > 0 ? [[name, weight] as const] : [],
  )
  if (weights.length === 0) return { weights: null, wordings: { '': wordingOf(config, build) } }
  const wordings = weights.map(([name]) => [name, wordingOf(config.variants?.[name] ?? {}, build)] as const)
  return { weights, wordings: Object.fromEntries(wordings) }
}

export const run: Run<typeof prompt, Ready> = ({ ready, input, ctx }) => {
  const name = ready.weights === null ? '' : (pickByWeight(ready.weights, ctx.bucket(ctx.node)) ?? '')
  if (name !== '') ctx.arm(name)
  const wording = ready.wordings[name] as Wording
  const values = wording.defaults === null ? input : withDefaults(input, wording.defaults)
  const system: Message[] = []
  const messages: Message[] = []
  for (const block of wording.blocks) {
    const message = 'template' in block ? render(block, values, ctx) : block
    if (message !== undefined) (message.role === 'system' ? system : messages).push(message)
  }
  return { messages: system.length === 0 ? messages : [...system, ...messages] }
}

function wordingOf({ blocks, variables }: Pick<Config, 'blocks' | 'variables'>, build: Builders): Wording {
  const made = (blocks ?? []).flatMap(({ role, text }, index): Block[] => {
    const template = build.template(text)
    if (template.variables.length > 0) return [{ role, index, template }]
    const message = messageOf(role, index, template.render({}))
    return message === undefined ? [] : [message]
  })
  const defaults = Object.entries(variables ?? {}).flatMap(([name, { default: value }]) =>
    value === undefined ? [] : [[name, value] as const],
  )
  return { blocks: made, defaults: defaults.length === 0 ? null : Object.fromEntries(defaults) }
}

function withDefaults(input: Values, defaults: Values): Values {
  const values: Record<string, unknown> = { ...defaults }
  for (const [name, value] of Object.entries(input)) if (value !== undefined) values[name] = value
  return values
}

function render(
  { role, index, template }: Exclude<Block, Message>,
  values: Values,
  ctx: StepContext,
): Message | undefined {
  // The compiler refuses text from outside in system and assistant blocks; where a workspace allows it, it is fenced
  // there too.
  let outside: Set<string> | undefined
  for (const { name } of template.variables) {
    if (!ctx.untrusted(name)) continue
    outside ??= new Set()
    outside.add(name)
  }
  const fencing = outside && { variables: outside, fence: (text: string) => ctx.fence(text) }
  return messageOf(role, index, template.render(values, fencing))
}

/** A block that renders to nothing makes no message: vendors refuse empty ones. */
function messageOf(role: BlockRole, index: number, text: string): Message | undefined {
  if (text.trim() === '') return undefined
  const parts = [{ type: 'text', text }] as const
  if (role === 'tool')
    return { role, parts: [{ type: 'tool-result', callId: `block_${index}`, content: parts }] }
  return { role, parts }
}
