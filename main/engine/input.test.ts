import { describe, expect, it } from 'vitest'
import { AppError } from '#shared/errors.ts'
import type { ChatShape } from '#shared/flow/definition.ts'
import type { PlanRequest } from '#shared/flow/plan.ts'
import type { PortType } from '#shared/flow/ports.ts'
import type { InputField } from '#shared/flow/types.ts'
import type { Json, JsonSchema } from '#shared/json.ts'
import { testRunners } from '../../test/flows/kit.ts'
import { planOf } from '../../test/flows/plan-builder.ts'
import { virtualClock } from '../../test/virtual-clock.ts'
import { buildersFor } from './build.ts'
import { readInput } from './input.ts'
import { type Prepared, prepare } from './prepare.ts'

const noGuards = { pii: () => () => [], secrets: () => () => [], rule: () => undefined }

function asking(
  fields: Readonly<Record<string, Partial<InputField> & { type: PortType }>>,
  chat: Partial<ChatShape> | null = null,
): Prepared {
  const whole = Object.fromEntries(
    Object.entries(fields).map(([name, field]) => [name, { required: true, local_only: false, ...field }]),
  )
  const shape: ChatShape | null = chat && {
    maxMessages: 200,
    system: 'pass',
    acceptTools: false,
    acceptParams: [],
    ...chat,
  }
  const properties: Record<string, JsonSchema> = {}
  for (const [name, field] of Object.entries(fields))
    properties[name] = field.schema ?? schemas[field.type] ?? {}
  if (shape) properties.messages = { type: 'array' }
  if (shape?.acceptTools) properties.tools = { type: 'array' }
  if (shape?.acceptParams.length) {
    properties.params = {
      type: 'object',
      properties: { temperature: { type: 'number' } },
      additionalProperties: false,
    }
  }
  const required = Object.entries(whole).flatMap(([name, field]) =>
    field.required && field.default === undefined ? [name] : [],
  )
  const request: PlanRequest = {
    schema: {
      type: 'object',
      properties,
      required: [...required, ...(shape ? ['messages'] : [])],
      additionalProperties: false,
    },
    fields: whole,
    chat: shape,
    textField: null,
    noChat: null,
  }
  const plan = planOf({ nodes: { ask: { type: 'source' } }, edges: [], request })
  return prepare(plan, {
    runners: testRunners(virtualClock()),
    builders: (stage) => buildersFor(stage, noGuards),
  })
}
const schemas: Partial<Record<PortType, JsonSchema>> = {
  text: { type: 'string' },
  number: { type: 'number' },
}

function refusal(prepared: Prepared, input: Json) {
  try {
    readInput(prepared, input)
  } catch (thrown) {
    if (thrown instanceof AppError) return { code: thrown.code, message: thrown.message, ...thrown.details }
  }
  return null
}

describe('fields of the input', () => {
  const form = asking({
    question: { type: 'text' },
    count: { type: 'number', default: 3 },
    note: { type: 'text', required: false },
  })

  it('are taken as they are, with defaults put in and optional ones left out', () => {
    expect(readInput(form, { question: 'hi' })).toEqual({ fields: { question: 'hi', count: 3 } })
    expect(readInput(form, { question: 'hi', count: 0, note: '' })).toEqual({
      fields: { question: 'hi', count: 0, note: '' },
    })
  })

  it('must be there and fit', () => {
    expect(refusal(form, {})).toMatchObject({
      code: 'invalid_input',
      issues: [{ path: '/question', rule: 'required', message: 'is missing' }],
    })
    expect(refusal(form, { question: 1, count: 'x' })).toMatchObject({
      issues: [
        { path: '/question', rule: 'type' },
        { path: '/count', rule: 'type' },
      ],
    })
    expect(refusal(form, 'hi')).toMatchObject({ issues: [{ path: '', rule: 'type' }] })
  })

  it('must be known: the closest one is offered', () => {
    expect(refusal(form, { question: 'hi', qestion: 'x', 'a/b': 1 })).toMatchObject({
      reason: 'unknown_field',
      issues: [
        {
          path: '/qestion',
          rule: 'unknown_field',
          message: "is not a field of this input; did you mean 'question'?",
        },
        { path: '/a~1b', rule: 'unknown_field' },
      ],
    })
  })

  it('may not hold a text of more than one mebibyte, in bytes', () => {
    const limit = 1024 * 1024
    expect(refusal(form, { question: 'x'.repeat(limit) })).toBeNull()
    expect(refusal(form, { question: 'é'.repeat(limit / 2 + 1) })).toMatchObject({
      code: 'payload_too_large',
      path: '/question',
    })
    const deep = asking({ data: { type: 'json' } })
    expect(refusal(deep, { data: { list: ['x'.repeat(limit + 1)] } })).toMatchObject({ path: '/data/list/0' })
    expect(() => readInput(form, { question: 'long' }, { textBytes: 3 })).toThrow(/longer than 3 bytes/)
  })

  it('of media become parts, however large', () => {
    const form = asking({ photo: { type: 'image' }, files: { type: 'list<file>' } })
    const data = 'QUJD'.repeat(400_000)
    expect(
      readInput(form, {
        photo: { media_type: 'image/png', data },
        files: [{ media_type: 'text/csv', data: 'QQ==' }],
      }),
    ).toEqual({
      fields: {
        photo: { type: 'image', mediaType: 'image/png', source: { kind: 'bytes', base64: data } },
        files: [{ type: 'file', mediaType: 'text/csv', source: { kind: 'bytes', base64: 'QQ==' } }],
      },
    })
  })

  it('of messages and tools become ours', () => {
    const form = asking({ talk: { type: 'messages' }, kit: { type: 'tools' } })
    const talk = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hi' },
    ]
    const kit = [{ type: 'function', function: { name: 'look', parameters: { type: 'object' } } }]
    expect(readInput(form, { talk, kit }).fields).toEqual({
      talk: [
        { role: 'system', parts: [{ type: 'text', text: 'Be brief.' }] },
        { role: 'user', parts: [{ type: 'text', text: 'Hi' }] },
      ],
      kit: { tools: [{ name: 'look', schema: { type: 'object' } }] },
    })
    expect(refusal(form, { talk: [{ role: 'robot' }], kit })).toMatchObject({
      issues: [{ path: '/talk/0/role' }],
    })
  })
})

describe('a chat', () => {
  const user = { role: 'user', content: 'Hi' }
  const system = { role: 'system', content: 'Be brief.' }

  it('is the whole history, its system text apart', () => {
    expect(readInput(asking({}, {}), { messages: [system, user] })).toEqual({
      fields: {},
      chat: {
        messages: [{ role: 'user', parts: [{ type: 'text', text: 'Hi' }] }],
        system: 'Be brief.',
        tools: [],
        params: {},
      },
    })
  })

  it('passes, drops or refuses system text', () => {
    expect(readInput(asking({}, { system: 'drop' }), { messages: [system, user] }).chat?.system).toBe('')
    expect(refusal(asking({}, { system: 'refuse' }), { messages: [system, user] })).toMatchObject({
      issues: [{ path: '/messages', rule: 'system' }],
    })
    expect(refusal(asking({}, { system: 'refuse' }), { messages: [user] })).toBeNull()
  })

  it('ends with a user or tool message', () => {
    expect(
      refusal(asking({}, {}), { messages: [user, { role: 'assistant', content: 'Hello' }] }),
    ).toMatchObject({
      code: 'invalid_input',
      issues: [{ path: '/messages', rule: 'last_message' }],
    })
    expect(refusal(asking({}, {}), { messages: [system] })).toMatchObject({
      issues: [{ rule: 'last_message' }],
    })
    expect(
      refusal(asking({}, {}), { messages: [user, { role: 'tool', tool_call_id: 'c', content: '1' }] }),
    ).toBeNull()
  })

  it('has only so many messages', () => {
    const form = asking({}, { maxMessages: 2 })
    expect(refusal(form, { messages: [user, user] })).toBeNull()
    expect(refusal(form, { messages: [user, user, user] })).toMatchObject({
      issues: [{ rule: 'max_messages' }],
    })
  })

  it('brings tools and a choice only where they are accepted', () => {
    const tools = [{ type: 'function', function: { name: 'look' } }]
    const open = asking({}, { acceptTools: true })
    expect(
      readInput(open, {
        messages: [user],
        tools,
        tool_choice: { type: 'function', function: { name: 'look' } },
      }).chat,
    ).toMatchObject({
      tools: [{ name: 'look' }],
      toolChoice: { name: 'look' },
    })
    expect(refusal(open, { messages: [user], tools, tool_choice: 'sometimes' })).toMatchObject({
      issues: [{ path: '/tool_choice' }],
    })
    expect(refusal(asking({}, {}), { messages: [user], tools })).toMatchObject({
      reason: 'unknown_field',
      issues: [{ path: '/tools' }],
    })
    expect(refusal(asking({}, {}), { messages: [user], tool_choice: 'auto' })).toMatchObject({
      issues: [{ path: '/tool_choice' }],
    })
  })

  it('brings only the settings that are accepted', () => {
    const open = asking({}, { acceptParams: ['temperature'] })
    expect(readInput(open, { messages: [user], params: { temperature: 0.5 } }).chat?.params).toEqual({
      temperature: 0.5,
    })
    expect(refusal(open, { messages: [user], params: { top_p: 1 } })).toMatchObject({
      issues: [{ path: '/params/top_p', rule: 'unknown_field' }],
    })
    expect(refusal(asking({}, {}), { messages: [user], params: {} })).toMatchObject({
      issues: [{ path: '/params', rule: 'unknown_field' }],
    })
  })
})
