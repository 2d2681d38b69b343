// Runners that throw dice: they answer at once, later or never, whole or in parts, and fail wherever a node may.

import { AppError, type ErrorCode } from '#shared/errors.ts'
import type { AnyNodeDefinition, NodeRunner, RunArgs } from '#shared/flow/definition.ts'
import { type AnyLive, isLive, type LiveText, liveText } from '#shared/flow/live.ts'
import type { Outlet, PortType } from '#shared/flow/ports.ts'
import type { VirtualClock } from '../virtual-clock.ts'

type Args = RunArgs<Record<string, unknown>>
const codes: readonly ErrorCode[] = [
  'upstream_timeout',
  'upstream_auth',
  'flow_error',
  'tool_failed',
  'no_value',
]

export function diceRunners(
  definitions: readonly AnyNodeDefinition[],
  clock: VirtualClock,
): Record<string, NodeRunner> {
  return Object.fromEntries(
    definitions.map((definition) => [
      definition.type,
      { run: (args: Args) => play(definition, args, clock) },
    ]),
  )
}

function play(definition: AnyNodeDefinition, args: Args, clock: VirtualClock) {
  const { config, input, ctx } = args
  if (definition.answer?.(config)) return { value: input.value }
  const outlets = outletsOf(definition, config)
  if (Object.keys(outlets).length === 0) throw new AppError('app_ended', { cause: input })
  const fate = ctx.random()
  if (fate < 0.08) throw thrown(ctx.random())
  if (fate < 0.1) return new Promise<never>(() => undefined)
  const answer = () => taken(definition, outlets, args, clock)
  if (fate < 0.5) return answer()
  return new Promise<Record<string, unknown>>((resolve, reject) => {
    clock.after(ctx.random() * 50, () => {
      if (ctx.random() < 0.1) reject(thrown(ctx.random()))
      else resolve(answer())
    })
  })
}

function thrown(dice: number): Error {
  const code = codes[Math.floor(dice * (codes.length + 1))]
  return code ? new AppError(code) : new TypeError('oops')
}

function outletsOf(definition: AnyNodeDefinition, config: unknown): Readonly<Record<string, Outlet>> {
  return typeof definition.outputs === 'function' ? definition.outputs(config) : definition.outputs
}

function taken(
  definition: AnyNodeDefinition,
  outlets: Readonly<Record<string, Outlet>>,
  { config, input, ctx }: Args,
  clock: VirtualClock,
): Record<string, unknown> {
  const names = new Set(Object.keys(outlets))
  for (const group of definition.exclusive?.(config) ?? []) {
    const arm = group[Math.floor(ctx.random() * group.length)]
    for (const name of group) if (name !== arm) names.delete(name)
  }
  const result: Record<string, unknown> = {}
  for (const name of names) {
    const outlet = outlets[name] as Outlet
    if (ctx.random() < (outlet.optional ? 0.5 : 0.05)) continue
    const value = diceValue(outlet, { config, input, ctx } as Args, clock)
    const late = value !== undefined && !isLive(value) && ctx.random() < 0.15
    result[name] = late ? eventually(value, ctx.random() * 30, clock, ctx.random() < 0.1) : value
  }
  return result
}

function eventually(value: unknown, ms: number, clock: VirtualClock, fails: boolean): Promise<unknown> {
  return new Promise((resolve, reject) => {
    clock.after(ms, () => (fails ? reject(new AppError('tool_failed')) : resolve(value)))
  })
}

function diceValue(outlet: Outlet, { input, ctx }: Args, clock: VirtualClock): unknown {
  const like = outlet.sameAs
  if (like !== undefined) {
    const stem = like.replace(/\d+$/, '')
    const given = Object.entries(input).find(
      ([name, value]) => name.startsWith(stem) && value !== undefined,
    )?.[1]
    if (isLive(given)) return outlet.streams === 'pass' ? relayed(given) : undefined
    return given
  }
  if (outlet.streams === 'source' && ctx.streams && outlet.type === 'text')
    return spoken(ctx.random, clock, ctx)
  return plain(outlet.type)
}

function spoken(_random: () => number, clock: VirtualClock, ctx: Args['ctx']): LiveText {
  const live = liveText()
  const parts = Math.floor(ctx.random() * 5)
  const end = ctx.random()
  const say = (left: number) => {
    if (live.settled) return
    if (left > 0) {
      live.push('word ')
      clock.after(ctx.random() * 20, () => say(left - 1))
    } else if (end < 0.2) live.fail(new AppError('upstream_bad_response'))
    else live.end()
  }
  if (ctx.random() < 0.5) say(parts)
  else clock.after(ctx.random() * 20, () => say(parts))
  return live
}

function relayed(source: AnyLive): AnyLive {
  if (source.kind.name !== 'text') return source
  const out = liveText()
  ;(source as LiveText).read({
    part: (part) => out.push(part),
    end: () => out.end(),
    fail: (error) => out.fail(error),
    restart: (reason) => out.restart(reason),
  })
  return out
}

function plain(type: PortType): unknown {
  switch (type) {
    case 'text':
      return 'text'
    case 'number':
      return 1
    case 'boolean':
      return true
    case 'messages':
      return [{ role: 'user', parts: [{ type: 'text', text: 'hi' }] }]
    case 'tools':
      return { tools: [] }
    case 'error':
      return { code: 'app_x', message: '', retryable: false, node: null }
    case 'json':
    case 'any':
      return { a: 1 }
    default:
      return []
  }
}
