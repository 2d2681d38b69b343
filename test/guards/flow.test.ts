// Guards in whole flows: compiled, prepared and run by the engine, with models that answer as told.
import { describe, expect, it } from 'vitest'
import { buildersFor } from '#main/engine/build.ts'
import { prepare } from '#main/engine/prepare.ts'
import { guardBuilders } from '#main/guards/builders.ts'
import { definitions } from '#nodes/definitions.ts'
import { runners } from '#nodes/runners.ts'
import { compile } from '#shared/flow/compile/compile.ts'
import type { CompileEnv } from '#shared/flow/compile/env.ts'
import type { FlowNode } from '#shared/flow/types.ts'
import { type Options, run, type Started } from '../flows/kit.ts'
import type { Reply } from '../scripted-models.ts'

const guards = guardBuilders()
const env: CompileEnv = {
  definitions: new Map(definitions.map((definition) => [definition.type, definition])),
  prompt: () => undefined,
  connections: { far: { provider: 'x', local: false } },
  model: () => undefined,
  policies: {},
}

interface Drawing {
  readonly nodes: Readonly<Record<string, FlowNode>>
  readonly edges: readonly string[]
}

const ask: FlowNode = { type: 'input', config: { fields: { question: { type: 'text' } } } }
const think: FlowNode = { type: 'chat-model', config: { targets: ['far/model'] } }
const answer: FlowNode = { type: 'output' }

async function runFlow(
  drawing: Drawing,
  question: string,
  options: { reply: Reply; stream?: boolean },
): Promise<Started> {
  const { plan, problems } = compile({ slug: 'test', ...drawing }, env)
  expect(problems.filter(({ severity }) => severity === 'error')).toEqual([])
  if (!plan) throw new Error('no plan')
  const prepared = prepare(plan, { runners, builders: (stage) => buildersFor(stage, guards) })
  const given: Options = {
    prepared,
    stream: options.stream ?? false,
    input: { question },
    script: { 'far/model': [options.reply] },
  }
  return run({ nodes: {}, edges: [] } as unknown as Parameters<typeof run>[0], given)
}

const verdicts = ({ events }: Started) =>
  events.flatMap((event) => (event.type === 'verdict' ? [event.verdict] : []))
const deltas = ({ events }: Started) =>
  events.flatMap((event) => (event.type === 'delta' ? [event.part] : [])).join('')
const sent = ({ models }: Started) => JSON.stringify(models.calls.map(({ attempt }) => attempt.request))

describe('masking around a model', () => {
  const drawing: Drawing = {
    nodes: { ask, clean: { type: 'guard-pii' }, think, restore: { type: 'unmask' }, answer },
    edges: [
      'ask.question -> clean.value',
      'clean.pass -> think.messages',
      'clean.map -> restore.map',
      'think.text -> restore.value',
      'restore.value -> answer.value',
    ],
  }
  const question = 'Write to ann@example.org, card 4111 1111 1111 1111, please.'
  const reply = { parts: ['I wrote to [EM', 'AIL_1', '] about \\[Credit_', 'card_1\\].'] }

  it.each([false, true])(
    'keeps originals from the model and puts them back, streamed: %s',
    async (stream) => {
      const done = await runFlow(drawing, question, { reply, stream })
      expect(sent(done)).toContain('[EMAIL_1], card [CREDIT_CARD_1]')
      expect(sent(done)).not.toMatch(/ann@example|4111/)
      expect(done.end()).toMatchObject({
        type: 'run-finished',
        answer: { answer: 'I wrote to ann@example.org about 4111 1111 1111 1111.' },
      })
      if (stream) expect(deltas(done)).toBe('I wrote to ann@example.org about 4111 1111 1111 1111.')
      expect(verdicts(done)).toMatchObject([
        { guard: 'clean', stage: 'input', verdict: 'rewritten', reason: 'pii' },
      ])
    },
  )

  it('refuses an edge from the map to anything but unmask', () => {
    const { problems } = compile(
      { slug: 'x', nodes: drawing.nodes, edges: [...drawing.edges.slice(0, 4), 'clean.map -> answer.value'] },
      env,
    )
    expect(problems.filter(({ severity }) => severity === 'error').length).toBeGreaterThan(0)
  })
})

describe('a block that nobody hears', () => {
  const input: Drawing = {
    nodes: {
      ask,
      guard: { type: 'guard-rule', config: { rules: [{ kind: 'contains', words: ['forbidden'] }] } },
      think,
      answer,
    },
    edges: ['ask.question -> guard.value', 'guard.pass -> think.messages', 'think.text -> answer.value'],
  }

  it('fails the Run before the model is called', async () => {
    const done = await runFlow(input, 'a forbidden thing', { reply: { parts: ['x'] } })
    expect(done.end()).toMatchObject({
      type: 'run-failed',
      error: { code: 'guard_blocked_input', details: { reason: 'contains' } },
    })
    expect(done.models.calls).toHaveLength(0)
    expect(JSON.stringify(done.end())).not.toContain('forbidden')
  })

  it('is an error of the output behind a model', async () => {
    const drawing = {
      ...input,
      edges: ['ask.question -> think.messages', 'think.text -> guard.value', 'guard.pass -> answer.value'],
    }
    const done = await runFlow(drawing, 'hello', { reply: { parts: ['a forbidden answer'] } })
    expect(done.end()).toMatchObject({ type: 'run-failed', error: { code: 'guard_blocked_output' } })
    expect(verdicts(done)).toMatchObject([{ stage: 'output', verdict: 'blocked' }])
  })

  it('goes on where the blocked outlet leads on', async () => {
    const drawing: Drawing = {
      nodes: {
        ...input.nodes,
        sorry: { type: 'template', config: { text: 'Not that.' } },
        either: { type: 'coalesce' },
      },
      edges: [
        'ask.question -> guard.value', 'guard.pass -> think.messages', 'guard.blocked -> sorry.when',
        'think.text -> either.in_1', 'sorry.text -> either.in_2', 'either.value -> answer.value',
      ], // biome-ignore format: one list
    }
    const done = await runFlow(drawing, 'a forbidden thing', { reply: { parts: ['x'] } })
    expect(done.end()).toMatchObject({ type: 'run-finished', answer: { answer: 'Not that.' } })
  })
})

describe('an output guard on a stream', () => {
  const config = {
    rules: [{ kind: 'contains', words: ['forbidden'] }],
    on_stream: 'window',
    hold_back_chars: 50,
    check_every_chars: 10,
  }
  const drawing: Drawing = {
    nodes: { ask, think, guard: { type: 'guard-rule', config }, answer },
    edges: ['ask.question -> think.messages', 'think.text -> guard.value', 'guard.pass -> answer.value'],
  }
  const words = (text: string) => ({ parts: text.match(/.{1,7}/gs) ?? [], everyMs: 400 })

  it('streams what is fine, with nothing lost and no time limit of its own', async () => {
    const text = 'a fine sentence. '.repeat(30)
    const done = await runFlow(drawing, 'hi', { reply: words(text), stream: true })
    expect(done.end()).toMatchObject({ type: 'run-finished', answer: { answer: text } })
    expect(deltas(done)).toBe(text)
    expect(done.events.filter(({ type }) => type === 'delta').length).toBeGreaterThan(10)
    expect(verdicts(done)).toMatchObject([{ verdict: 'pass' }])
  })

  it('breaks a stream whose beginning has left, and no byte of the span with it', async () => {
    const text = `${'a fine sentence. '.repeat(10)}and then forbidden words`
    const done = await runFlow(drawing, 'hi', { reply: words(text), stream: true })
    expect(done.end()).toMatchObject({
      type: 'run-failed',
      error: { code: 'guard_blocked_output', details: { reason: 'contains' } },
    })
    expect(deltas(done).length).toBeGreaterThan(50)
    expect(text.indexOf('forbidden')).toBeGreaterThanOrEqual(deltas(done).length)
    expect(verdicts(done)).toMatchObject([{ verdict: 'blocked', stage: 'output' }])
  })

  it('is an ordinary error when nothing has left', async () => {
    const done = await runFlow(drawing, 'hi', { reply: words('forbidden from the start'), stream: true })
    expect(done.end()).toMatchObject({ type: 'run-failed', error: { code: 'guard_blocked_output' } })
    expect(deltas(done)).toBe('')
  })

  it('stops the model when it blocks', async () => {
    const text = `${'a fine sentence. '.repeat(10)}and then forbidden words ${'and more and more. '.repeat(200)}`
    const done = await runFlow(drawing, 'hi', { reply: words(text), stream: true })
    expect(done.models.calls[0]?.abortedAt).not.toBeNull()
  })
})
