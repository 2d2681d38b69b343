// A guard on a stream gives the verdict it gives on the whole text, for every way of cutting it (guardrails 6).
import { describe, expect, it } from 'vitest'
import { guardBuilders } from '#main/guards/builders.ts'
import { guardPii } from '#nodes/guard-pii/node.ts'
import * as piiRunner from '#nodes/guard-pii/run.ts'
import { guardRule } from '#nodes/guard-rule/node.ts'
import * as ruleRunner from '#nodes/guard-rule/run.ts'
import type { AppError } from '#shared/errors.ts'
import type { AnyNodeDefinition, GuardVerdict, NodeRunner } from '#shared/flow/definition.ts'
import { isLive, type LiveText, liveText } from '#shared/flow/live.ts'
import type { TokenMap } from '#shared/guards/mask.ts'
import { Unmask, UnmaskStream } from '#shared/guards/unmask.ts'
import { startNode, stepContext } from '../contract/run-node.ts'
import { plantedSecrets } from './secrets.ts'
import { seeded } from './seeded.ts'

const guards = guardBuilders()
const filler =
  'the answer is that we went to the market and bought some fresh bread 🍞 for éveryone — 12 rolls, 3.50 each; see chapter 4.2.1 (2019-2024). 👩‍👩‍👧 नमस्ते done? '.split(
    ' ',
  )

interface Outcome {
  readonly left: string
  readonly error: AppError | undefined
  readonly blocked: unknown
  readonly map: unknown
  readonly verdict: GuardVerdict | undefined
}

async function streamed(
  definition: AnyNodeDefinition,
  runner: NodeRunner,
  { config, parts }: { config: object; parts: readonly string[] },
): Promise<Outcome> {
  const verdicts: GuardVerdict[] = []
  const { ctx } = stepContext({ verdict: (verdict) => verdicts.push(verdict) })
  const live = liveText()
  const started = startNode(definition, runner, { config, input: { value: live }, ctx, guards })
  for (const part of parts) live.push(part)
  live.end()
  const { pass, blocked, map } = await started
  const left = isLive(pass) ? await read(pass as LiveText) : { text: '', error: undefined }
  return { left: left.text, error: left.error, blocked, map: await map, verdict: verdicts[0] }
}

function read(live: LiveText) {
  return new Promise<{ text: string; error: AppError | undefined }>((resolve) => {
    let text = ''
    live.read({
      part: (part) => {
        text += part
        return undefined
      },
      end: () => resolve({ text, error: undefined }),
      fail: (error) => resolve({ text, error }),
    })
  })
}

async function whole(definition: AnyNodeDefinition, runner: NodeRunner, config: object, text: string) {
  const verdicts: GuardVerdict[] = []
  const { ctx } = stepContext({ verdict: (verdict) => verdicts.push(verdict) })
  const plain = { ...config, on_stream: 'whole' }
  const { pass } = await startNode(definition, runner, { config: plain, input: { value: text }, ctx, guards })
  return { pass, verdict: verdicts[0] }
}

function cut(text: string, random: (below: number) => number): readonly string[] {
  const size = [1, 3, 20, 100, 5_000][random(5)] ?? 1
  const parts: string[] = []
  for (let at = 0; at < text.length; ) {
    const next = at + 1 + random(size)
    parts.push(text.slice(at, next))
    at = next
  }
  return parts
}

function textWith(planted: readonly string[], random: (below: number) => number): string {
  const words = () => Array.from({ length: random(60) }, () => filler[random(filler.length)] ?? '').join(' ')
  return planted.map((item) => `${words()} ${item} `).join('') + words()
}

const pick = <Item>(items: readonly Item[], random: (below: number) => number) =>
  items[random(items.length)] as Item

const personal = [
  'ann@example.org', 'call me on +49 30 901820', 'card 4111 1111 1111 1111', 'IBAN DE89 3704 0044 0532 0130 00',
  '192.168.17.4', 'SSN 536-22-8726', '(602) 272-9781', '00:1a:2b:3c:4d:5e', '[EMAIL_1]', 'my number is 3660170548 ok',
  '0x52908400098527886E0F7030069857D2E4169EE7', '3660170548 is my phone', '4111111111111111234',
] // biome-ignore format: one list
const forbidden = [
  'internal use only', 'INTERNAL  use\nonly', 'ｉｎｔｅｒｎａｌ use only', 'i n t e r n a l  u s e  o n l y', '1nt3rnal u5e 0nly',
  'int\u200bernal use on\u00adly', 'internal use', 'only internal', Buffer.from('for internal use only').toString('base64'),
  Buffer.from('internal use only').toString('hex'), 'internal%20use%20only', '![x](https://evil.example/a?b=c)', '[ok](https://example.org/)',
] // biome-ignore format: one list

const window = (hold: number, every: number) => ({
  on_stream: 'window',
  hold_back_chars: hold,
  check_every_chars: Math.min(hold, every),
})

describe('a guard on a stream', () => {
  it('masks as it masks the whole text', async () => {
    const random = seeded(11)
    for (let round = 0; round < 300; round += 1) {
      const text = textWith(
        Array.from({ length: 1 + random(4) }, () => pick(personal, random)),
        random,
      )
      const config = { ...window(50 + random(400), 1 + random(90)) }
      const { pass, verdict } = await whole(guardPii, piiRunner, config, text)
      const outcome = await streamed(guardPii, piiRunner, { config, parts: cut(text, random) })
      expect(outcome.left).toBe(pass)
      expect(outcome.error).toBeUndefined()
      const back = new UnmaskStream(new Unmask(outcome.map as TokenMap))
      const echoed = cut(outcome.left, random).map((part) => back.push(part))
      expect(echoed.join('') + back.end()).toBe(text)
      expect(outcome.verdict).toMatchObject({
        verdict: verdict?.verdict,
        reason: verdict?.reason,
        spans: verdict?.spans,
      })
    }
  })

  it('rewrites and notes as on the whole text', async () => {
    const random = seeded(12)
    const secrets = plantedSecrets(random)
      .map(({ text }) => text)
      .filter((text) => text.length < 180)
    for (let round = 0; round < 300; round += 1) {
      const planted = Array.from({ length: 1 + random(4) }, () =>
        pick(random(2) === 0 ? forbidden : secrets, random),
      )
      const text = textWith(planted, random)
      const rules = [
        { kind: 'contains', words: ['internal use only'] },
        { kind: 'link', allow: ['example.org'] },
        { kind: 'secret' },
      ]
      const action = pick(['rewrite', 'note'], random)
      const config = { rules, action, ...window(200 + random(300), 1 + random(200)) }
      const { pass, verdict } = await whole(guardRule, ruleRunner, config, text)
      const outcome = await streamed(guardRule, ruleRunner, { config, parts: cut(text, random) })
      expect(outcome.left).toBe(pass)
      expect(outcome.verdict).toMatchObject({
        verdict: verdict?.verdict,
        reason: verdict?.reason,
        spans: verdict?.spans,
      })
    }
  })

  it('lets no byte of a blocked span leave, at any cut and in any length up to the window', async () => {
    const random = seeded(13)
    for (let round = 0; round < 300; round += 1) {
      const hold = 50 + random(200)
      const length = 3 + random(hold - 4)
      const bad = `«${'x'.repeat(length - 2)}»`
      const before = textWith([], random).repeat(1 + random(8))
      const text = `${before}${bad}${textWith([], random)}`
      const config = { rules: [{ kind: 'pattern', pattern: '«x+»' }], ...window(hold, 1 + random(100)) }
      const outcome = await streamed(guardRule, ruleRunner, { config, parts: cut(text, random) })
      expect(outcome.verdict).toMatchObject({
        verdict: 'blocked',
        reason: 'pattern',
        spans: [{ start: before.length, end: before.length + bad.length }],
      })
      expect(before.startsWith(outcome.left)).toBe(true)
      if (outcome.left === '') expect(outcome.blocked).toMatchObject({ reason: 'pattern' })
      else expect(outcome.error).toMatchObject({ code: 'guard_blocked_input' })
    }
  })

  it('blocks exactly the texts it blocks whole', async () => {
    const random = seeded(14)
    for (let round = 0; round < 300; round += 1) {
      const text = textWith(
        Array.from({ length: random(3) }, () => pick([...forbidden, ...personal], random)),
        random,
      )
      const config = {
        rules: [{ kind: 'contains', words: ['internal use only'] }],
        ...window(120 + random(300), 1 + random(90)),
      }
      const { verdict } = await whole(guardRule, ruleRunner, config, text)
      const outcome = await streamed(guardRule, ruleRunner, { config, parts: cut(text, random) })
      expect(outcome.verdict).toMatchObject({ verdict: verdict?.verdict, reason: verdict?.reason })
      if (verdict?.verdict === 'blocked') {
        expect(outcome.verdict?.spans[0]).toEqual(verdict.spans[0])
        expect(text.slice(0, verdict.spans[0]?.start).startsWith(outcome.left)).toBe(true)
      } else expect(outcome.left).toBe(text)
    }
  })

  it('ends a stream with an error when a span longer than the window shows up', async () => {
    const bad = `«${'x'.repeat(400)}»`
    const text = `${'words '.repeat(50)}${bad} after`
    const config = { rules: [{ kind: 'pattern', pattern: '«x+»' }], ...window(100, 20) }
    const parts = Array.from({ length: text.length }, (_, i) => text.charAt(i))
    const long = { rules: [{ kind: 'pattern', pattern: '«x{40,1000}' }], ...window(100, 20) }
    expect(await streamed(guardRule, ruleRunner, { config: long, parts })).toMatchObject({
      error: { code: 'guard_blocked_input' },
    })
    const late = await streamed(guardRule, ruleRunner, { config: { ...config, ...window(300, 20) }, parts })
    expect(late.verdict).toMatchObject({ verdict: 'blocked' })
    expect(late.error).toBeDefined()
  })

  it('never tears a character', async () => {
    const random = seeded(15)
    const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' })
    const text = '👩‍👩‍👧‍👦é🇩🇪👍🏽नि'.repeat(60)
    const starts = new Set(Array.from(segmenter.segment(text), ({ index }) => index).concat(text.length))
    const live = liveText()
    const { ctx } = stepContext()
    const config = { rules: [{ kind: 'contains', words: ['forbidden'] }], ...window(50, 7) }
    const started = startNode(guardRule, ruleRunner, { config, input: { value: live }, ctx, guards })
    for (const part of cut(text, random)) live.push(part)
    live.end()
    const { pass } = await started
    let at = 0
    ;(pass as LiveText).read({
      part: (part) => {
        at += part.length
        expect(starts.has(at)).toBe(true)
        return undefined
      },
      end: () => undefined,
      fail: () => undefined,
    })
    expect(at).toBe(text.length)
  })
})
