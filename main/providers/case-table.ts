// What every adapter must be able to say and to read, in our own model. An adapter's test brings functions that write
// these answers in its wire format, and reads them back whole, streamed, cut and broken.
import type {
  AssistantPart,
  ChatRequest,
  ErrorKind,
  FinishReason,
  Message,
  Usage,
} from '#shared/model/chat.ts'

export interface CaseAnswer {
  readonly parts: readonly AssistantPart[]
  readonly finish: FinishReason
  readonly usage: Usage
}

const usage: Usage = { input: 25, cacheRead: 75, cacheWrite: null, output: 12, reasoning: 8 }

function call(id: string, name: string, args: string): AssistantPart {
  return { type: 'tool-call', id, name, argsText: args, args: JSON.parse(args) }
}

/** Read back, each must be the same. A dialect may leave out what it cannot say. */
export const answerCases: Readonly<Record<string, CaseAnswer>> = {
  text: { parts: [{ type: 'text', text: 'Grüße 😀 aus\n\nBerlin.' }], finish: 'stop', usage },
  'text with the marks of the format': {
    parts: [{ type: 'text', text: 'data: [DONE]\n\n: {"a": ["b: c"]}\r\n' }],
    finish: 'stop',
    usage,
  },
  'one call': { parts: [call('c1', 'look', '{"at":"it"}')], finish: 'tool-calls', usage },
  'parallel calls': {
    parts: [call('c1', 'look', '{"at":"it"}'), call('c2', 'listen', '{"to":{"who":"Kim"}}')],
    finish: 'tool-calls',
    usage,
  },
  'the same call twice': {
    parts: [call('c1', 'look', '{"at":"it"}'), call('c2', 'look', '{"at":"it"}')],
    finish: 'tool-calls',
    usage,
  },
  'a call without arguments': { parts: [call('c1', 'now', '{}')], finish: 'tool-calls', usage },
  'text and a call': {
    parts: [{ type: 'text', text: 'Let me look.' }, call('c1', 'look', '{"at":"it"}')],
    finish: 'tool-calls',
    usage,
  },
  'thinking, then text': {
    parts: [
      { type: 'reasoning', text: 'Hm.\nSo…', index: 0 },
      { type: 'text', text: 'Four.' },
    ],
    finish: 'stop',
    usage,
  },
  'thinking, then a call': {
    parts: [{ type: 'reasoning', text: 'Hm.', index: 0 }, call('c1', 'look', '{"at":"it"}')],
    finish: 'tool-calls',
    usage,
  },
  'cut at the limit': { parts: [{ type: 'text', text: 'And so' }], finish: 'length', usage },
  'the whole limit spent on thinking': {
    parts: [{ type: 'reasoning', text: 'Hm.', index: 0 }],
    finish: 'length',
    usage: { ...usage, output: 0 },
  },
  refusal: { parts: [{ type: 'refusal', text: 'I will not.' }], finish: 'refusal', usage },
  filtered: { parts: [], finish: 'content-filter', usage },
  nothing: { parts: [], finish: 'stop', usage: { ...usage, output: 0, reasoning: 0 } },
}

/** Error answers: each dialect writes them as its vendor does, and must read the kind again. */
export const errorCases: readonly { readonly kind: ErrorKind; readonly status: number }[] = [
  { kind: 'auth', status: 401 },
  { kind: 'permission', status: 403 },
  { kind: 'not-found', status: 404 },
  { kind: 'invalid', status: 400 },
  { kind: 'context-length', status: 400 },
  { kind: 'content-filter', status: 400 },
  { kind: 'rate-limit', status: 429 },
  { kind: 'quota', status: 429 },
  { kind: 'server', status: 500 },
  { kind: 'overloaded', status: 503 },
]

const user = (text: string): Message => ({ role: 'user', parts: [{ type: 'text', text }] })
const bytes = { kind: 'bytes', base64: 'iVBORw0KGgo=' } as const
const base = { system: [], tools: [], toolChoice: 'auto', stop: [], extra: {}, providerOptions: {} } as const

/** Requests that every dialect can write; what it wrote is checked against what its vendor takes. */
export const requestCases: Readonly<Record<string, ChatRequest>> = {
  plain: { ...base, messages: [user('Hi')] },
  instructions: { ...base, system: [{ type: 'text', text: 'Be brief.' }], messages: [user('Hi')] },
  settings: {
    ...base,
    messages: [user('Hi')],
    maxOutputTokens: 9,
    temperature: 0.5,
    topP: 0.9,
    stop: ['END'],
  },
  'a picture as bytes': {
    ...base,
    messages: [
      {
        role: 'user',
        parts: [
          { type: 'text', text: 'What is this?' },
          { type: 'image', mediaType: 'image/png', source: bytes },
        ],
      },
    ],
  },
  'a tool loop': {
    ...base,
    tools: [{ name: 'look', schema: { type: 'object', properties: { at: { type: 'string' } } } }],
    messages: [
      user('Look'),
      { role: 'assistant', parts: [call('c1', 'look', '{"at":"it"}'), call('c2', 'look', '{}')] },
      {
        role: 'tool',
        parts: [{ type: 'tool-result', callId: 'c1', content: [{ type: 'text', text: 'a cat' }] }],
      },
      {
        role: 'tool',
        parts: [{ type: 'tool-result', callId: 'c2', content: [{ type: 'json', value: { n: 1 } }] }],
      },
      { role: 'assistant', parts: [{ type: 'text', text: 'A cat.' }] },
      user('Thanks'),
    ],
  },
}
