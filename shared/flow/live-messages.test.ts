import { expect, it } from 'vitest'
import type { StreamEvent } from '../model/chat.ts'
import { liveMessages, messagesKind } from './live-messages.ts'

const usage = { input: 1, cacheRead: 0, cacheWrite: 0, output: 2, reasoning: 0 }

function answer(words: readonly string[]): StreamEvent[] {
  return [
    { type: 'start', id: 'a', model: 'm', created: 1 },
    { type: 'part-start', index: 0, part: 'reasoning' },
    { type: 'reasoning-delta', index: 0, text: 'hm' },
    { type: 'reasoning-delta', index: 0, text: 'm' },
    { type: 'part-end', index: 0 },
    { type: 'part-start', index: 1, part: 'text' },
    ...words.map((text): StreamEvent => ({ type: 'text-delta', index: 1, text })),
    { type: 'part-end', index: 1 },
    { type: 'part-start', index: 2, part: 'tool-call', id: 'c1', name: 'look' },
    { type: 'args-delta', index: 2, text: '{"q":' },
    { type: 'args-delta', index: 2, text: '1}' },
    { type: 'part-end', index: 2 },
    { type: 'finish', finish: { reason: 'tool-calls', raw: null }, usage },
  ]
}

it('folds to one assistant message with its parts in order', async () => {
  const live = liveMessages()
  for (const event of answer(['Hello ', 'you'])) live.push(event)
  live.end()
  expect(await live.collect()).toEqual([
    {
      role: 'assistant',
      parts: [
        { type: 'reasoning', text: 'hmm', index: 0 },
        { type: 'text', text: 'Hello you' },
        { type: 'tool-call', id: 'c1', name: 'look', argsText: '{"q":1}', args: { q: 1 } },
      ],
    },
  ])
})

it('keeps few events of a long answer and still folds to the same message', () => {
  const events = answer(Array.from({ length: 1_000 }, (_, i) => `${i} `))
  const fewer = messagesKind.squeeze(events)
  expect(fewer.length).toBeLessThan(15)
  expect(messagesKind.fold(fewer)).toEqual(messagesKind.fold(events))
})
