import { AppError, toAppError } from '#shared/errors.ts'
import type { ConfigOf, Expression, Prepare, Regex, Run } from '#shared/flow/definition.ts'
import { jsonFault } from '#shared/flow/json-fault.ts'
import type { Json } from '#shared/json.ts'
import { asJson } from '#shared/model/as-json.ts'
import type { Message } from '#shared/model/chat.ts'
import { readMessages } from '#shared/model/messages.ts'
import { parseXml, writeXml } from '#shared/text/xml.ts'
import type { transform } from './node.ts'

type Config = ConfigOf<typeof transform>
type Type = NonNullable<Config['type']>
type Compute = (value: unknown, vars: unknown) => unknown

export const prepare: Prepare<typeof transform, Compute> = ({ config, build }) => {
  const { mode, expression = '', type } = config
  switch (mode) {
    case 'expression':
      return evaluate(build.expression(expression), type ?? 'json')
    case 'pattern':
      return pick(build.regex(expression), type ?? 'json')
    case 'parse_json':
      return (value) => typed(parseJson(textOf(value)), type ?? 'json')
    case 'to_json':
      return (value) => JSON.stringify(value)
    case 'xml_to_json':
      return (value) => parseXml(textOf(value))
    case 'json_to_xml':
      return (value) => writeXml(value as Json)
  }
}

export const run: Run<typeof transform, Compute> = async ({ ready, input }) => ({
  value: await ready(asJson(input.value), input.vars),
})

function evaluate(expression: Expression, type: Type): Compute {
  return async (value, vars) =>
    typed(await expression.evaluate({ value, ...(vars === undefined ? {} : { vars }) }), type)
}

/** Nothing found: no value, or an empty list. */
function pick(regex: Regex, type: Type): Compute {
  return (value) => {
    const text = textOf(value)
    const matches = regex.find(text).map(({ start, end, groups }) => {
      const match = text.slice(start, end)
      const json = { match, start, end, groups: groups.map((group) => group ?? null) }
      return type === 'json' || type === 'list<json>' ? json : (groups[0] ?? match)
    })
    return type === 'json' || type === 'text' ? matches[0] : matches
  }
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  throw wrong('This mode takes a text.', 'type')
}

function parseJson(text: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw notJson(text, error)
  }
  const fault = jsonFault(value)
  if (fault) throw wrong(`The text cannot be read as JSON: ${fault.message}.`, 'json')
  return value
}

/** V8 says where it stopped, as an offset or by quoting what it found. */
function notJson(text: string, error: unknown): AppError {
  const said = error instanceof Error ? error.message : ''
  const offset = Number(/at position (\d+)/.exec(said)?.[1] ?? text.length)
  const before = text.slice(0, offset)
  const line = before.split('\n').length
  const column = before.length - before.lastIndexOf('\n')
  return new AppError('flow_error', {
    message: `The text is not valid JSON (line ${line}, column ${column}).`,
    details: { reason: 'json', line, column },
    cause: error,
  })
}

/** A result of the declared type: single items become lists, scalars text; anything else is an error. */
function typed(value: unknown, type: Type): unknown {
  const item = /^list<(.*)>$/.exec(type)?.[1]
  if (item !== undefined) {
    const items = Array.isArray(value) ? value : value === undefined ? [] : [value]
    return items.map((one: unknown) => typed(one, item as Type))
  }
  if (value === undefined || type === 'json') return value
  switch (type) {
    case 'text':
      return typeof value === 'string' ? value : JSON.stringify(value)
    case 'messages':
      return messagesOf(value)
    case 'target':
      if (typeof value === 'string') return [value]
      if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value
      break
    case 'vector':
      if (Array.isArray(value) && value.every((one) => typeof one === 'number')) return value
      break
    default:
      if (typeof value === type) return value
  }
  throw wrong(`The result is not of type ${type}.`, 'type')
}

/** Messages are written as callers write them: role and content. */
function messagesOf(value: unknown): readonly Message[] {
  try {
    const { messages, system } = readMessages((Array.isArray(value) ? value : [value]) as Json, '')
    return system === ''
      ? messages
      : [{ role: 'system', parts: [{ type: 'text', text: system }] }, ...messages]
  } catch (error) {
    throw wrong(`The result is not a list of messages: ${toAppError(error).message}`, 'type')
  }
}

function wrong(message: string, reason: string): AppError {
  return new AppError('flow_error', { message, details: { reason } })
}
