import { describe, expect, it } from 'vitest'
import { guardBuilders } from '#main/guards/builders.ts'
import type { GuardVerdict } from '#shared/flow/definition.ts'
import { type LiveText, liveText } from '#shared/flow/live.ts'
import type { TokenMap } from '#shared/guards/mask.ts'
import { Unmask } from '#shared/guards/unmask.ts'
import type { Message } from '#shared/model/chat.ts'
import { runNode, startNode, stepContext } from '../../test/contract/run-node.ts'
import { guardPii } from './node.ts'
import * as runner from './run.ts'

const guards = guardBuilders()

function guarded() {
  const verdicts: GuardVerdict[] = []
  const { ctx } = stepContext({ verdict: (verdict) => verdicts.push(verdict) })
  const given = (config: object, value: unknown) => ({ config, input: { value }, ctx, guards })
  return {
    verdicts,
    run: (config: object, value: unknown) => runNode(guardPii, runner, given(config, value)),
    start: (config: object, value: unknown) => startNode(guardPii, runner, given(config, value)),
  }
}

const text = 'Mail ann@example.org or BOB@example.org, card 4111 1111 1111 1111, again ann@example.org.'

describe('guard-pii', () => {
  it('replaces each item by a token, the same item by the same token', async () => {
    const { run, verdicts } = guarded()
    const outlets = await run({}, text)
    expect(outlets.pass).toBe('Mail [EMAIL_1] or [EMAIL_2], card [CREDIT_CARD_1], again [EMAIL_1].')
    expect(outlets.map).toEqual({
      '[EMAIL_1]': 'ann@example.org',
      '[EMAIL_2]': 'BOB@example.org',
      '[CREDIT_CARD_1]': '4111 1111 1111 1111',
    })
    expect(verdicts).toMatchObject([{ verdict: 'rewritten', reason: 'pii' }])
    expect(verdicts[0]?.spans).toMatchObject([{ start: 5, end: 20, kind: 'email' }, {}, { kind: 'card' }, {}])
    expect(JSON.stringify(verdicts)).not.toContain('example')
  })

  it('passes a value without personal data as it is', async () => {
    const { run, verdicts } = guarded()
    const value = [{ role: 'user', parts: [{ type: 'text', text: 'What is the capital of France?' }] }]
    const outlets = await run({}, value)
    expect(outlets.pass).toBe(value)
    expect(outlets.map).toEqual({})
    expect(verdicts).toMatchObject([{ verdict: 'pass', reason: null, spans: [] }])
  })

  it('looks only for the kinds it is told', async () => {
    const { run } = guarded()
    expect((await run({ kinds: ['card'] }, text)).pass).toContain('ann@example.org')
    expect((await run({ kinds: ['card'] }, text)).pass).toContain('[CREDIT_CARD_1]')
    const link = 'see https://example.org/x'
    expect((await run({}, link)).pass).toBe(link)
    expect((await run({ kinds: ['url'] }, link)).pass).toBe('see [URL_1]')
  })

  it('knows national numbers of the configured regions only', async () => {
    const { run } = guarded()
    const number = 'reach me on 06 12 34 56 78 please'
    expect((await run({ regions: ['FR'] }, number)).pass).toContain('[PHONE_1]')
    const id = 'social security 536-22-8726'
    expect((await run({ regions: ['US'], kinds: ['national_id'] }, id)).pass).toContain('[US_SSN_1]')
    expect((await run({ regions: ['FR'], kinds: ['national_id'] }, id)).pass).toBe(id)
  })

  it('finds kinds of your own, with checksum and context', async () => {
    const { run } = guarded()
    const own = (rest: object) => ({
      kinds: [],
      custom: [{ name: 'customer_number', pattern: '\\bK\\d{6}\\b', ...rest }],
    })
    expect((await run(own({}), 'K123456')).pass).toBe('[CUSTOMER_NUMBER_1]')
    expect((await run(own({ context: ['customer'] }), 'part K123456')).pass).toBe('part K123456')
    expect((await run(own({ context: ['customer'] }), 'customer K123456')).pass).toContain(
      '[CUSTOMER_NUMBER_1]',
    )
    const checked = { kinds: [], custom: [{ name: 'member', pattern: '\\d{8}', checksum: 'luhn' }] }
    expect((await run(checked, '12345674 12345675')).pass).toBe('[MEMBER_1] 12345675')
  })

  it('blocks or notes instead, without a map', async () => {
    const { run } = guarded()
    expect(await run({ action: 'block' }, text)).toMatchObject({ blocked: { reason: 'pii' } })
    const noted = await run({ action: 'note' }, text)
    expect(noted.pass).toBe(text)
    expect(noted).not.toHaveProperty('map')
    const outputs = guardPii.outputs as (config: unknown) => object
    expect(outputs(guardPii.config.parse({}))).toHaveProperty('map.secret', true)
    expect(outputs(guardPii.config.parse({ action: 'block' }))).not.toHaveProperty('map')
    expect(outputs(guardPii.config.parse({ reversible: false }))).not.toHaveProperty('map')
  })

  it('gives no map when it is not reversible', async () => {
    const { run } = guarded()
    const outlets = await run({ reversible: false }, text)
    expect(outlets.pass).toContain('[EMAIL_1]')
    expect(outlets).not.toHaveProperty('map')
  })

  it('masks messages in all their texts and gives them back exactly', async () => {
    const { run } = guarded()
    const value: readonly Message[] = [
      { role: 'user', parts: [{ type: 'text', text: 'I am ann@example.org, not [EMAIL_1].' }] },
      {
        role: 'assistant',
        parts: [
          {
            type: 'tool-call',
            id: '1',
            name: 'find',
            argsText: '{"mail" : "ann@example.org"}',
            args: { mail: 'ann@example.org' },
          },
        ],
      },
      {
        role: 'tool',
        parts: [
          {
            type: 'tool-result',
            callId: '1',
            content: [{ type: 'json', value: { 'ann@example.org': ['+49 30 901820'] } }],
          },
        ],
      },
    ]
    const { pass, map } = await run({}, value)
    expect(JSON.stringify(pass)).not.toMatch(/ann@|901820/)
    expect(new Unmask(map as TokenMap).value(pass)).toEqual(value)
  })

  it('keeps counting in a second guard of the same Run', async () => {
    const { run } = guarded()
    await run({}, 'ann@example.org')
    expect((await run({}, 'bob@example.org and ann@example.org')).pass).toBe('[EMAIL_2] and [EMAIL_1]')
  })

  it('masks a stream as it masks the whole text, and settles the map at its end', async () => {
    const long = `${'Some words before. '.repeat(20)}${text} ${'And some after it. '.repeat(20)}`
    const { pass: whole } = await guarded().run({}, long)
    for (const size of [1, 7, 64, 1_000]) {
      const live = liveText()
      const { start } = guarded()
      const started = start({ on_stream: 'window', hold_back_chars: 60, check_every_chars: 20 }, live)
      for (let at = 0; at < long.length; at += size) live.push(long.slice(at, at + size))
      live.end()
      const outlets = await started
      const masked = await (outlets.pass as LiveText).collect()
      expect(masked).toBe(whole)
      expect(new Unmask((await outlets.map) as TokenMap).text(masked)).toBe(long)
    }
  })

  it.each([
    [{ kinds: ['name'] }, 'kinds'],
    [{ kinds: [] }, 'kinds'],
    [{ kinds: ['custom'] }, 'custom'],
    [{ custom: [{ name: 'email', pattern: 'x' }] }, 'custom.0.name'],
    [
      {
        custom: [
          { name: 'a', pattern: 'x' },
          { name: 'a', pattern: 'y' },
        ],
      },
      'custom.1.name',
    ],
    [{ custom: [{ name: 'a', pattern: '(?<=x)y' }] }, 'custom.0.pattern'],
    [{ target_when: 'remote' }, 'target_when'],
  ])('refuses %j', (config, field) => {
    const problems = guardPii.check?.(guardPii.config.parse(config)) ?? []
    expect(problems.map((problem) => problem.field)).toContain(field)
  })
})
