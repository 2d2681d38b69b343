// The shared case table through this adapter, and answers made up at random.
import { describe, expect, test } from 'vitest'
import type { AssistantPart, ErrorKind, FinishReason } from '#shared/model/chat.ts'
import { readMessages } from '#shared/model/messages.ts'
import { faultsOf, readStream, readWhole, wireOf } from '../../../test/upstream/read-answer.ts'
import { answerCases, type CaseAnswer, errorCases, requestCases } from '../case-table.ts'
import { openaiChat } from './provider.ts'

const wire = wireOf('openai-compatible')
const timing = { firstByteMs: 0, totalMs: 0 }
const words: Partial<Record<FinishReason, string>> = {
  stop: 'stop',
  length: 'length',
  'tool-calls': 'tool_calls',
  'content-filter': 'content_filter',
  refusal: 'stop',
}
const head = { id: 'r1', model: 'm', created: 1 }

function usageOf({ usage }: CaseAnswer): object {
  const { input, cacheRead, output, reasoning } = usage
  const prompt = (input ?? 0) + (cacheRead ?? 0)
  const completion = (output ?? 0) + (reasoning ?? 0)
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: cacheRead },
    completion_tokens_details: { reasoning_tokens: reasoning },
  }
}

const join = (parts: readonly AssistantPart[], type: 'text' | 'reasoning' | 'refusal') =>
  parts.map((part) => (part.type === type ? part.text : '')).join('')

function whole(answer: CaseAnswer): string {
  const calls = answer.parts.filter((part) => part.type === 'tool-call')
  const message = {
    role: 'assistant',
    content: join(answer.parts, 'text') || null,
    reasoning_content: join(answer.parts, 'reasoning') || null,
    refusal: join(answer.parts, 'refusal') || null,
    tool_calls: calls.map(({ id, name, argsText }) => ({
      id,
      type: 'function',
      function: { name, arguments: argsText },
    })),
  }
  const choices = [{ index: 0, message, finish_reason: words[answer.finish] }]
  return JSON.stringify({ ...head, choices, usage: usageOf(answer) })
}

/** @param cut how long the next piece of a text is */
function stream(answer: CaseAnswer, cut: () => number): string[] {
  const events: object[] = [{ ...head, choices: [{ index: 0, delta: { role: 'assistant', content: '' } }] }]
  const tell = (delta: object) =>
    events.push({ ...head, choices: [{ index: 0, delta, finish_reason: null }] })
  const pieces = (text: string, each: (piece: string) => object) => {
    for (let at = 0; at < text.length; ) {
      const size = Math.max(1, cut())
      tell(each(text.slice(at, at + size)))
      at += size
    }
  }
  let index = 0
  for (const part of answer.parts) {
    if (part.type === 'text') pieces(part.text, (content) => ({ content }))
    else if (part.type === 'reasoning')
      pieces(part.text, (reasoning_content) => ({ reasoning_content, content: null }))
    else if (part.type === 'refusal') pieces(part.text, (refusal) => ({ refusal }))
    else if (part.type === 'tool-call') {
      const at = index++
      tell({
        tool_calls: [
          { index: at, id: part.id, type: 'function', function: { name: part.name, arguments: '' } },
        ],
      })
      pieces(part.argsText, (args) => ({ tool_calls: [{ index: at, function: { arguments: args } }] }))
    }
  }
  events.push({ ...head, choices: [{ index: 0, delta: {}, finish_reason: words[answer.finish] }] })
  events.push({ ...head, choices: [], usage: usageOf(answer) })
  return [...events.map((event) => JSON.stringify(event)), '[DONE]']
}

const bytes = (payloads: readonly string[]) =>
  Buffer.from(payloads.map((data) => `data: ${data}\n\n`).join(''))

function check(answer: CaseAnswer, cut: () => number, split: () => number): void {
  const read = readWhole(openaiChat, wire, whole(answer))
  expect(faultsOf(read.events)).toEqual([])
  const response = read.fold.response(timing)
  expect(response.parts).toEqual(answer.parts)
  expect(response.finish.reason).toBe(answer.finish)
  const { total: _total, ...usage } = response.usage
  expect(usage).toEqual(answer.usage)
  const body = bytes(stream(answer, cut))
  const chunks: Buffer[] = []
  for (let at = 0; at < body.length; ) {
    const size = Math.max(1, split())
    chunks.push(body.subarray(at, at + size))
    at += size
  }
  const streamed = readStream(openaiChat, wire, chunks)
  expect(faultsOf(streamed.events)).toEqual([])
  expect(streamed.fold.response(timing)).toEqual(response)
}

describe('answers', () => {
  test.each(Object.entries(answerCases))('%s', (_, answer) => {
    check(
      answer,
      () => 1,
      () => 1,
    )
    check(
      answer,
      () => 1_000,
      () => 100_000,
    )
  })

  test.each(Object.entries(answerCases))('%s, cut after every event', (_, answer) => {
    const payloads = stream(answer, () => 3)
    const finish = payloads.length - 3
    for (let kept = 0; kept <= payloads.length; kept++) {
      const { fold } = readStream(openaiChat, wire, [bytes(payloads.slice(0, kept))])
      expect([kept, fold.error?.kind]).toEqual([kept, kept > finish ? undefined : 'truncated'])
    }
  })
})

describe('1,000 answers at random: the folded stream equals the whole answer', () => {
  function random(seed: number): (below: number) => number {
    let state = seed + 0x9e3779b9
    return (below) => {
      state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d)
      state = Math.imul(state ^ (state >>> 12), 0x297a2d39)
      state ^= state >>> 15
      return (state >>> 0) % below
    }
  }
  const alphabet = ['a', 'é', '😀', '\n', '\r', ': ', '"', '\\', 'data: ', '[DONE]', '{', '}', '\u2028', ' ']
  test('parts, finish and usage', () => {
    for (let seed = 0; seed < 1_000; seed++) {
      const pick = random(seed)
      const text = () => Array.from({ length: 1 + pick(12) }, () => alphabet[pick(alphabet.length)]).join('')
      const parts: AssistantPart[] = []
      if (pick(2) === 0) parts.push({ type: 'reasoning', text: text(), index: 0 })
      if (pick(3) > 0) parts.push({ type: 'text', text: text() })
      const calls = pick(4)
      for (let i = 0; i < calls; i++) {
        const args = { [text()]: text(), n: pick(100) }
        parts.push({
          type: 'tool-call',
          id: `c${i}`,
          name: `tool_${pick(3)}`,
          argsText: JSON.stringify(args),
          args,
        })
      }
      const finish = calls > 0 ? 'tool-calls' : pick(3) === 0 ? 'length' : 'stop'
      const usage = {
        input: pick(100),
        cacheRead: pick(100),
        cacheWrite: null,
        output: pick(100),
        reasoning: pick(100),
      }
      try {
        check(
          { parts, finish, usage },
          () => pick(5),
          () => pick(40),
        )
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error })
      }
    }
  })
})

describe('error answers', () => {
  const said: Partial<Record<ErrorKind, object>> = {
    'context-length': { code: 'context_length_exceeded' },
    'content-filter': { code: 'content_filter' },
    quota: { code: 'insufficient_quota' },
  }
  test.each(errorCases)('$status $kind', ({ kind, status }) => {
    const body = JSON.stringify({ error: { message: 'no', ...said[kind] } })
    expect(openaiChat.failure({ status, headers: {}, body }, wire, 0).kind).toBe(kind)
  })
})

describe('requests', () => {
  test.each(Object.entries(requestCases))('%s: what is written can be read back', (_, request) => {
    const { messages: sent } = JSON.parse(openaiChat.write(request, wire, false).body)
    const { messages, system } = readMessages(sent, '')
    expect(system).toBe(request.system.map(({ text }) => text).join('\n\n'))
    // Results are texts on the wire.
    const expected = JSON.parse(
      JSON.stringify(request.messages).replace(
        '{"type":"json","value":{"n":1}}',
        '{"type":"text","text":"{\\"n\\":1}"}',
      ),
    )
    expect(messages).toEqual(expected)
  })
})
