import { describe, expect, test } from 'vitest'
import type { AppError } from '../errors.ts'
import type { Json } from '../json.ts'
import type { Message } from './chat.ts'
import { readMessages, readTools, writeMessages } from './messages.ts'

function faults(read: () => unknown): [path: string, rule: string][] {
  try {
    read()
  } catch (thrown) {
    const { code, details } = thrown as AppError
    expect(code).toBe('invalid_input')
    return (details.issues as { path: string; rule: string }[]).map(({ path, rule }) => [path, rule])
  }
  return []
}

describe('reading messages', () => {
  test('takes system and developer text out, in order', () => {
    const read = readMessages(
      [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hi' },
        { role: 'developer', content: [{ type: 'text', text: 'No jokes.' }] },
      ],
      '/messages',
    )
    expect(read.system).toBe('Be brief.\n\nNo jokes.')
    expect(read.messages).toEqual([{ role: 'user', parts: [{ type: 'text', text: 'Hi' }] }])
  })

  test('keeps media, names, calls, results and reasoning', () => {
    const value: Json = [
      {
        role: 'user',
        name: 'kim',
        content: [
          { type: 'text', text: 'What is this?' },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA', detail: 'low' } },
          { type: 'image_url', image_url: { url: 'https://example.com/a.png' } },
          { type: 'input_audio', input_audio: { data: 'BBBB', format: 'mp3' } },
          { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,CCCC' } },
          { type: 'file', file: { file_id: 'file-1' } },
        ],
      },
      {
        role: 'assistant',
        content: null,
        reasoning_content: 'Let me look.',
        tool_calls: [
          {
            id: 'call_1',
            type: 'function',
            function: { name: 'look', arguments: '{"at": "it"}' },
            extra_content: { signature: 's' },
          },
        ],
      },
      { role: 'tool', tool_call_id: 'call_1', content: 'a cat' },
    ]
    const { messages } = readMessages(value, '/messages')
    expect(messages[0]).toEqual({
      role: 'user',
      name: 'kim',
      parts: [
        { type: 'text', text: 'What is this?' },
        { type: 'image', mediaType: 'image/png', detail: 'low', source: { kind: 'bytes', base64: 'AAAA' } },
        { type: 'image', source: { kind: 'url', url: 'https://example.com/a.png' } },
        { type: 'audio', mediaType: 'audio/mpeg', source: { kind: 'bytes', base64: 'BBBB' } },
        {
          type: 'file',
          name: 'a.pdf',
          mediaType: 'application/pdf',
          source: { kind: 'bytes', base64: 'CCCC' },
        },
        { type: 'file', source: { kind: 'fileId', id: 'file-1' } },
      ],
    })
    expect(messages[1]).toEqual({
      role: 'assistant',
      parts: [
        { type: 'reasoning', text: 'Let me look.', index: 0 },
        {
          type: 'tool-call',
          id: 'call_1',
          name: 'look',
          argsText: '{"at": "it"}',
          args: { at: 'it' },
          meta: { 'chat-completions': { extra_content: { signature: 's' } } },
        },
      ],
    })
    expect(messages[2]).toEqual({
      role: 'tool',
      parts: [{ type: 'tool-result', callId: 'call_1', content: [{ type: 'text', text: 'a cat' }] }],
    })
    expect(writeMessages(messages)).toEqual(value)
  })

  test.each([
    ['no content', { role: 'assistant', content: '' }],
    ['missing content', { role: 'assistant' }],
    ['unknown optional fields', { role: 'user', content: 'x', metadata: { a: 1 }, weight: 1 }],
  ])('takes harmless oddities: %s (trap-48)', (_, message) => {
    expect(readMessages([message], '').messages).toHaveLength(1)
  })

  test.each<[string, Json, [string, string][]]>([
    ['not a list', { role: 'user' }, [['/m', 'type']]],
    ['not an object', ['hi'], [['/m/0', 'type']]],
    ['an unknown role', [{ role: 'robot', content: 'x' }], [['/m/0/role', 'enum']]],
    ['content of a wrong type', [{ role: 'user', content: 7 }], [['/m/0/content', 'type']]],
    [
      'an unknown part',
      [{ role: 'user', content: [{ type: 'hologram' }] }],
      [['/m/0/content/0/type', 'enum']],
    ],
    [
      'an image from a file path',
      [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'file:///etc/passwd' } }] }],
      [['/m/0/content/0/image_url', 'format']],
    ],
    [
      'a call without name and a result without id, both at once',
      [
        { role: 'assistant', tool_calls: [{ id: 'a', function: {} }] },
        { role: 'tool', content: 'x' },
      ],
      [
        ['/m/0/tool_calls/0/function/name', 'required'],
        ['/m/1/tool_call_id', 'required'],
      ],
    ],
  ])('refuses %s with its place', (_, value, expected) => {
    expect(faults(() => readMessages(value, '/m'))).toEqual(expected)
  })

  test.each(['', 'null', '  '])('reads the arguments %j of a call as none', (args) => {
    const calls = [{ id: 'a', type: 'function', function: { name: 'now', arguments: args } }]
    const [message] = readMessages([{ role: 'assistant', tool_calls: calls }], '').messages
    expect(message?.parts[0]).toMatchObject({ argsText: '{}', args: {} })
  })

  test('leaves arguments that do not parse as they are', () => {
    const calls = [{ id: 'a', type: 'function', function: { name: 'now', arguments: '{"a":' } }]
    const [message] = readMessages([{ role: 'assistant', tool_calls: calls }], '').messages
    expect(message?.parts[0]).toEqual({ type: 'tool-call', id: 'a', name: 'now', argsText: '{"a":' })
  })
})

describe('writing messages', () => {
  test('writes JSON results as text and several results as several messages', () => {
    const message: Message = {
      role: 'tool',
      parts: [
        { type: 'tool-result', callId: 'a', content: [{ type: 'json', value: { n: 1 } }] },
        { type: 'tool-result', callId: 'b', name: 'look', content: [{ type: 'text', text: 'two' }] },
      ],
    }
    expect(writeMessages([message])).toEqual([
      { role: 'tool', tool_call_id: 'a', content: '{"n":1}' },
      { role: 'tool', tool_call_id: 'b', name: 'look', content: 'two' },
    ])
  })
})

describe('reading tools', () => {
  test('takes functions with and without parameters', () => {
    const parameters = { type: 'object', properties: { city: { type: 'string' } } }
    expect(
      readTools(
        [
          {
            type: 'function',
            function: { name: 'weather', description: 'Tells it.', parameters, strict: true },
          },
          { type: 'function', function: { name: 'now' } },
          { type: 'custom', custom: { name: 'sql' } },
        ],
        '/tools',
      ),
    ).toEqual([
      { name: 'weather', description: 'Tells it.', schema: parameters, strict: true },
      { name: 'now', schema: { type: 'object', properties: {} } },
      { name: 'sql', schema: { type: 'object', properties: {} }, kind: 'custom' },
    ])
  })

  test.each<[string, Json, [string, string][]]>([
    ['no list', {}, [['/t', 'type']]],
    ['a server tool', [{ type: 'web_search' }], [['/t/0/type', 'enum']]],
    ['a name with spaces', [{ function: { name: 'a b' } }], [['/t/0/function/name', 'pattern']]],
    [
      'parameters that are no schema',
      [{ function: { name: 'a', parameters: [] } }],
      [['/t/0/function/parameters', 'type']],
    ],
  ])('refuses %s', (_, value, expected) => {
    expect(faults(() => readTools(value, '/t'))).toEqual(expected)
  })
})
