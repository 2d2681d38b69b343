import { describe, expect, it } from 'vitest'
import { AppError } from '#shared/errors.ts'
import { type LiveMessages, type LiveText, liveText } from '#shared/flow/live.ts'
import { liveMessages } from '#shared/flow/live-messages.ts'
import { runNode, startNode } from '../../test/contract/run-node.ts'
import { unmask } from './node.ts'
import * as runner from './run.ts'

const map = { '[EMAIL_1]': 'ann@example.org', '[PHONE_1]': '+49 30 901820' }
const run = (value: unknown, own: unknown = map) => runNode(unmask, runner, { input: { value, map: own } })

describe('unmask', () => {
  it('puts originals back in text, messages and JSON', async () => {
    expect(await run('to [EMAIL_1]')).toEqual({ value: 'to ann@example.org' })
    const message = (text: string) => [{ role: 'assistant', parts: [{ type: 'text', text }] }]
    expect(await run(message('call [phone 1]'))).toEqual({ value: message('call +49 30 901820') })
    expect(await run({ to: ['[EMAIL_1]'] })).toEqual({ value: { to: ['ann@example.org'] } })
  })

  it('leaves what it does not know', async () => {
    expect(await run('[EMAIL_9] and [1]')).toEqual({ value: '[EMAIL_9] and [1]' })
    expect(await run('[EMAIL_1]', {})).toEqual({ value: '[EMAIL_1]' })
  })

  it('takes its map from a secret outlet only', () => {
    expect(unmask.inputs).toMatchObject({ map: { secret: true, required: true } })
  })

  it('restores a stream of text as it comes', async () => {
    const live = liveText()
    const { value } = await startNode(unmask, runner, { input: { value: live, map } })
    const parts: string[] = []
    const ended = new Promise<void>((resolve) => {
      ;(value as LiveText).read({
        part: (part) => {
          parts.push(part)
          return undefined
        },
        end: () => resolve(),
        fail: () => resolve(),
      })
    })
    for (const part of ['hello ', 'there [', 'EMAIL', '_1', '], bye']) live.push(part)
    live.end()
    await ended
    expect(parts).toEqual(['hello ', 'there ', 'ann@example.org, bye'])
  })

  it('restores tool arguments in a stream of a message', async () => {
    const live = liveMessages()
    const { value } = await startNode(unmask, runner, { input: { value: live, map } })
    live.push({ type: 'part-start', index: 0, part: 'tool-call', id: '1', name: 'send' })
    live.push({ type: 'args-delta', index: 0, text: '{"to":"[EMA' })
    live.push({ type: 'args-delta', index: 0, text: 'IL_1]"}' })
    live.push({ type: 'part-end', index: 0 })
    live.end()
    expect(await (value as LiveMessages).collect()).toMatchObject([
      {
        role: 'assistant',
        parts: [{ argsText: '{"to":"ann@example.org"}', args: { to: 'ann@example.org' } }],
      },
    ])
  })

  it('passes a broken stream on, and stops its source when nobody reads', async () => {
    const broken = liveText()
    const first = await startNode(unmask, runner, { input: { value: broken, map } })
    broken.fail(new AppError('upstream_timeout'))
    await expect((first.value as LiveText).collect()).rejects.toMatchObject({ code: 'upstream_timeout' })
    const left = liveText()
    let cancelled = false
    left.onCancel(() => {
      cancelled = true
    })
    const second = await startNode(unmask, runner, { input: { value: left, map } })
    const reader = (second.value as LiveText).read({
      part: () => undefined,
      end: () => undefined,
      fail: () => undefined,
    })
    reader.cancel()
    expect(cancelled).toBe(true)
  })
})
