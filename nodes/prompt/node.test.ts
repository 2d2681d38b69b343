import { describe, expect, it, vi } from 'vitest'
import type { Prompt } from '#shared/flow/types.ts'
import { runNode, stepContext } from '../../test/contract/run-node.ts'
import { prompt } from './node.ts'
import * as runner from './run.ts'

const text = (role: string, value: string) => ({ role, parts: [{ type: 'text', text: value }] })
const run = (config: object, input: object = {}, ctx = stepContext().ctx) =>
  runNode(prompt, runner, { config, input: { ...input }, ctx })
const parse = (config: object) => prompt.config.parse(config)
const inputsOf = (config: object) => (typeof prompt.inputs === 'function' ? prompt.inputs(parse(config)) : {})

describe('prompt', () => {
  it('makes messages of its blocks, system text first', async () => {
    const blocks = [
      { role: 'user', text: 'Hi' },
      { role: 'assistant', text: 'Hello {{ name }}' },
      { role: 'system', text: 'Be {{ tone }}.' },
      { role: 'user', text: '{{ question }}' },
    ]
    expect(await run({ blocks }, { name: 'Kim', tone: 'brief', question: 'Why?' })).toEqual({
      messages: [
        text('system', 'Be brief.'),
        text('user', 'Hi'),
        text('assistant', 'Hello Kim'),
        text('user', 'Why?'),
      ],
    })
  })

  it('keeps neighbours of one role apart', async () => {
    const blocks = [
      { role: 'user', text: 'a' },
      { role: 'user', text: 'b' },
    ]
    expect(await run({ blocks })).toEqual({ messages: [text('user', 'a'), text('user', 'b')] })
  })

  it('makes a tool result of a tool block', async () => {
    expect(await run({ blocks: [{ role: 'tool', text: '42' }] })).toEqual({
      messages: [
        {
          role: 'tool',
          parts: [{ type: 'tool-result', callId: 'block_0', content: [{ type: 'text', text: '42' }] }],
        },
      ],
    })
  })

  it('leaves out a block that renders to nothing', async () => {
    const blocks = [
      { role: 'system', text: '{% if note %}Note: {{ note }}{% endif %}' },
      { role: 'user', text: 'Hi' },
    ]
    expect(await run({ blocks })).toEqual({ messages: [text('user', 'Hi')] })
    expect(await run({ blocks }, { note: 'late' })).toEqual({
      messages: [text('system', 'Note: late'), text('user', 'Hi')],
    })
  })

  it('fails with the name of a missing variable', async () => {
    await expect(run({ blocks: [{ role: 'user', text: '{{ question }}' }] })).rejects.toMatchObject({
      code: 'flow_error',
      message: expect.stringContaining('"question"'),
    })
  })

  describe('variables', () => {
    const blocks = [
      { role: 'system', text: 'Be {{ tone }}{{ extra | default: "" }}.' },
      { role: 'user', text: '{{ rows }}' },
    ]
    const variables = { tone: { default: 'kind', description: 'How' }, rows: { type: 'list<json>' } }

    it('are inlets with their declared types', () => {
      const inlets = inputsOf({ blocks, variables })
      expect(inlets).toMatchObject({
        tone: { type: 'text', required: false, description: 'How' },
        extra: { type: 'text', required: false },
        rows: { type: 'list<json>', required: true },
      })
      expect(inlets.rows?.also).toBeUndefined()
      expect(inlets.extra?.also).toContain('json')
    })

    it('take their default when they are absent', async () => {
      expect(await run({ blocks, variables }, { rows: [1], tone: undefined })).toEqual({
        messages: [text('system', 'Be kind.'), text('user', '[1]')],
      })
      expect(await run({ blocks, variables }, { rows: [1], tone: 'curt' })).toMatchObject({
        messages: [text('system', 'Be curt.'), {}],
      })
    })

    it('that no block uses are reported', () => {
      const config = parse({ blocks: [{ role: 'user', text: 'Hi' }], variables: { tone: {} } })
      expect(prompt.check?.(config)).toEqual([{ field: 'variables.tone', message: 'no block uses "tone"' }])
    })
  })

  describe('variants', () => {
    const config = {
      blocks: [{ role: 'user', text: 'plain {{ a }}' }],
      variants: {
        warm: { blocks: [{ role: 'user', text: 'warm {{ b }}' }], weight: 3 },
        cold: { blocks: [{ role: 'user', text: 'cold {{ c }}' }], variables: { c: { default: 'x' } } },
        off: { blocks: [{ role: 'user', text: 'off {{ d }}' }], on: false },
      },
    }
    const at = (bucket: number) => stepContext({ bucket: () => bucket })

    it('share the runs by weight, and the choice is recorded', async () => {
      const warm = at(0.74)
      expect(await run(config, { b: 1 }, warm.ctx)).toEqual({ messages: [text('user', 'warm 1')] })
      expect(warm.recorded.arms).toEqual(['warm'])
      const cold = at(0.76)
      expect(await run(config, {}, cold.ctx)).toEqual({ messages: [text('user', 'cold x')] })
      expect(cold.recorded.arms).toEqual(['cold'])
    })

    it('decide the inlets and the arms', () => {
      expect(Object.entries(inputsOf(config)).map(([name, { required }]) => [name, required])).toEqual([
        ['b', true],
        ['c', false],
      ])
      expect(prompt.arms?.(parse(config))).toEqual(['warm', 'cold'])
    })

    it('leave the prompt itself when none is on', async () => {
      const { ctx, recorded } = at(0)
      const none = { ...config, variants: { warm: { ...config.variants.warm, on: false } } }
      expect(await run(none, { a: 1 }, ctx)).toEqual({ messages: [text('user', 'plain 1')] })
      expect(recorded.arms).toEqual([])
    })

    it('hash the run id with the node as salt', async () => {
      const bucket = vi.fn(() => 0)
      await run(config, { b: 1 }, stepContext({ node: 'compose', bucket }).ctx)
      expect(bucket.mock.calls).toEqual([['compose']])
    })
  })

  describe('references', () => {
    const answer: Prompt = {
      format: 'sluice/prompt@1',
      name: 'answer',
      variables: { tone: { type: 'text', default: 'friendly', sample: 'x' }, question: { type: 'text' } },
      blocks: [
        { role: 'system', text: 'Be {{ tone }}.' },
        { role: 'user', text: '{{ question }}' },
      ],
    }
    const config = parse({ prompt: 'answer@3', variants: { b: { prompt: 'other@production', on: false } } })

    it('are listed with their field', () => {
      expect(prompt.prompts?.(config)).toEqual([
        { ref: 'answer@3', field: 'prompt' },
        { ref: 'other@production', field: 'variants.b.prompt' },
      ])
    })

    it('become blocks and variables when a Version is made', async () => {
      const linked = prompt.link?.(config, () => answer)
      expect(prompt.config.parse(linked)).toEqual(linked)
      expect(inputsOf(linked as object)).toMatchObject({
        tone: { required: false },
        question: { required: true },
      })
      expect(await run(linked as object, { question: 'Why?' })).toEqual({
        messages: [text('system', 'Be friendly.'), text('user', 'Why?')],
      })
    })
  })

  describe('text from outside', () => {
    const outside = (...names: string[]) => stepContext({ untrusted: (name) => names.includes(name) }).ctx
    const blocks = [
      { role: 'system', text: 'Be {{ tone }}.' },
      { role: 'user', text: 'Sum up {{ page | upcase }} for {{ who }}' },
    ]

    it('is fenced in user blocks where it is put out', async () => {
      expect(await run({ blocks }, { tone: 'brief', page: 'x', who: 'me' }, outside('page'))).toEqual({
        messages: [text('system', 'Be brief.'), text('user', 'Sum up <fence>X</fence> for me')],
      })
    })

    it('is fenced in other blocks too, where the workspace allows it there', async () => {
      const { messages } = await run({ blocks }, { tone: 'x', page: 'x', who: 'me' }, outside('tone'))
      expect(messages).toMatchObject([text('system', 'Be <fence>x</fence>.'), {}])
    })

    it('is known to the compiler', () => {
      expect(prompt.systemInlets?.(parse({ blocks }))).toEqual(['tone'])
      expect(prompt.fences).toBe(true)
    })
  })

  it.each([
    {},
    { prompt: 'answer' },
    { prompt: 'answer@3', blocks: [{ role: 'user', text: 'x' }] },
    { blocks: [] },
    { blocks: [{ role: 'developer', text: 'x' }] },
    { blocks: [{ role: 'user', text: '{{ x' }] },
    { variants: { a: { prompt: 'a@1', on: false } } },
    { prompt: 'a@1', variants: { a: {} } },
    { prompt: 'a@1', variants: { a: { prompt: 'a@1', weight: -1 } } },
    {
      prompt: 'a@1',
      variants: Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`v${n}`, { prompt: 'a@1' }])),
    },
  ])('refuses %j', (config) => {
    expect(prompt.config.safeParse(config).success).toBe(false)
  })
})
