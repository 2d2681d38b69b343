// Made-up node types for tests of the compiler: small, but with every trait that a definition can have.
import { z } from 'zod'
import { type AnyNodeDefinition, defineNode } from '#shared/flow/definition.ts'
import { inlet, outlet } from '#shared/flow/ports.ts'
import { codeSelectorSchema, portTypeSchema } from '#shared/flow/schema.ts'
import type { Json } from '#shared/json.ts'

/** Not `z.json()`: what reaches a config was checked to be JSON before. */
const json = z.unknown() as unknown as z.ZodType<Json, Json>

const about = { version: 1, summary: 'For tests.', card: [], effects: 'pure' } as const

function numbered<P>(stem: string, count: number, port: P): Record<string, P> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`${stem}_${index + 1}`, port]))
}

/** `{{ name }}` in order of appearance. */
function variables(text: string): readonly string[] {
  return [...new Set([...text.matchAll(/\{\{ ?(\w+) ?\}\}/g)].map(([, name]) => name as string))]
}

const input = defineNode({
  ...about,
  type: 'input',
  family: 'interface',
  title: 'Input',
  config: z.strictObject({
    fields: z.record(
      z.string(),
      z.strictObject({
        type: portTypeSchema,
        required: z.boolean().default(true),
        default: json.exactOptional(),
        schema: z.record(z.string(), json).exactOptional(),
        description: z.string().exactOptional(),
        sample: json.exactOptional(),
        local_only: z.boolean().default(false),
      }),
    ),
  }),
  inputs: {},
  outputs: ({ fields }) =>
    Object.fromEntries(
      Object.entries(fields).map(([name, { type, schema }]) => [
        name,
        outlet(type, schema ? { schema } : {}),
      ]),
    ),
  common: { when: false, error: false },
  request: ({ fields }) => ({ kind: 'fields', fields }),
})

const chatInput = defineNode({
  ...about,
  type: 'chat-input',
  family: 'interface',
  title: 'Chat input',
  config: z.strictObject({
    max_messages: z.int().default(200),
    system: z.enum(['pass', 'drop', 'refuse']).default('pass'),
    accept_tools: z.boolean().default(false),
    accept_params: z.array(z.string()).default([]),
  }),
  inputs: {},
  outputs: {
    messages: outlet('messages'),
    last_text: outlet('text', { optional: true }),
    system: outlet('text', { optional: true }),
    tools: outlet('tools', { optional: true }),
  },
  common: { when: false, error: false },
  request: (config) => ({
    kind: 'chat',
    chat: {
      maxMessages: config.max_messages,
      system: config.system,
      acceptTools: config.accept_tools,
      acceptParams: config.accept_params,
    },
  }),
})

const output = defineNode({
  ...about,
  type: 'output',
  family: 'interface',
  title: 'Output',
  config: z.strictObject({
    field: z.string().default('answer'),
    type: portTypeSchema.default('text'),
    schema: z.record(z.string(), json).exactOptional(),
    required: z.boolean().default(true),
    stream: z.boolean().default(true),
    main: z.boolean().default(false),
    share: z.boolean().default(true),
  }),
  inputs: ({ type }) => ({ value: inlet(type, { gather: 'merge', reads: 'early' }) }),
  outputs: {},
  common: { when: true, error: false },
  answer: (config) => config,
})

const errorOutput = defineNode({
  ...about,
  type: 'error-output',
  family: 'interface',
  title: 'Error output',
  config: z.strictObject({ code: z.string().exactOptional() }),
  inputs: { error: inlet('error', { gather: 'merge' }) },
  outputs: {},
  common: { when: true, error: false },
})

const prompt = defineNode({
  ...about,
  type: 'prompt',
  family: 'prompt',
  title: 'Prompt',
  config: z.strictObject({
    prompt: z.string().exactOptional(),
    blocks: z
      .array(z.strictObject({ role: z.enum(['system', 'user', 'assistant', 'tool']), text: z.string() }))
      .default([]),
  }),
  inputs: ({ blocks }) =>
    Object.fromEntries(
      variables(blocks.map(({ text }) => text).join('\n')).map((name) => [name, inlet('text')]),
    ),
  outputs: { messages: outlet('messages') },
  fences: true,
  prompts: ({ prompt: ref }) => (ref === undefined ? [] : [{ ref, field: 'prompt' }]),
  link: (config, find) =>
    config.prompt === undefined
      ? config
      : { ...config, blocks: find(config.prompt).blocks.map((block) => ({ ...block })) },
  systemInlets: ({ blocks }) =>
    variables(blocks.map(({ role, text }) => (role === 'system' ? text : '')).join('\n')),
  check: ({ blocks }) =>
    blocks.flatMap(({ text }, index) =>
      text.includes('{%') ? [{ field: `blocks.${index}.text`, message: 'tags are not known here' }] : [],
    ),
})

const template = defineNode({
  ...about,
  type: 'template',
  family: 'prompt',
  title: 'Template',
  config: z.strictObject({ text: z.string() }),
  inputs: ({ text }) => Object.fromEntries(variables(text).map((name) => [name, inlet('any')])),
  outputs: { text: outlet('text') },
})

const chatModel = defineNode({
  ...about,
  type: 'chat-model',
  family: 'model',
  title: 'Chat model',
  config: z.strictObject({
    targets: z.array(z.string()).min(1),
    temperature: z.number().min(0).max(2).exactOptional(),
    max_tokens: z.int().exactOptional(),
    response_format: z.enum(['text', 'json']).exactOptional(),
  }),
  inputs: {
    messages: inlet('messages'),
    system: inlet('text', { required: false }),
    tools: inlet('tools', { required: false }),
  },
  outputs: {
    text: outlet('text', { streams: 'source' }),
    message: outlet('messages', { streams: 'source' }),
    tool_calls: outlet('list<json>', { optional: true }),
    usage: outlet('json'),
  },
  effects: 'reads',
  upstream: 'model',
  targets: ({ targets }) => targets,
  needs: ({ response_format }) => (response_format === 'json' ? ['json'] : []),
  systemInlets: () => ['system'],
})

const branch = defineNode({
  ...about,
  type: 'if',
  family: 'control',
  title: 'If',
  config: z.strictObject({ test: z.string().default('true') }),
  inputs: { value: inlet('any') },
  outputs: { true: outlet('any', { sameAs: 'value' }), false: outlet('any', { sameAs: 'value' }) },
  exclusive: () => [['true', 'false']],
})

const choice = defineNode({
  ...about,
  type: 'switch',
  family: 'control',
  title: 'Switch',
  config: z.strictObject({
    cases: z.record(z.string(), z.strictObject({ equals: json })).meta({ ordered: true }),
  }),
  inputs: { value: inlet('any') },
  outputs: ({ cases }) =>
    Object.fromEntries(
      [...Object.keys(cases), 'default'].map((name) => [name, outlet('any', { sameAs: 'value' })]),
    ),
  exclusive: ({ cases }) => [[...Object.keys(cases), 'default']],
})

const guard = defineNode({
  ...about,
  type: 'guard',
  family: 'guardrail',
  title: 'Guard',
  config: z.strictObject({ on_stream: z.enum(['whole', 'window']).default('whole') }),
  inputs: ({ on_stream }) => ({
    value: inlet('text', { also: ['messages'], reads: on_stream === 'window' ? 'early' : 'whole' }),
  }),
  outputs: {
    pass: outlet('text', { sameAs: 'value', streams: 'pass' }),
    blocked: outlet('json'),
    verdict: outlet('json'),
  },
  exclusive: () => [['pass', 'blocked']],
  unhandled: {
    blocked: (_config, stage) => (stage === 'input' ? 'guard_blocked_input' : 'guard_blocked_output'),
  },
})

const mask = defineNode({
  ...about,
  type: 'mask',
  family: 'guardrail',
  title: 'Mask',
  config: z.strictObject({}),
  inputs: { value: inlet('text') },
  outputs: { pass: outlet('text', { sameAs: 'value' }), map: outlet('json', { secret: true }) },
})

const unmask = defineNode({
  ...about,
  type: 'unmask',
  family: 'guardrail',
  title: 'Unmask',
  config: z.strictObject({}),
  inputs: { value: inlet('text', { reads: 'early' }), map: inlet('json', { secret: true }) },
  outputs: { value: outlet('text', { sameAs: 'value', streams: 'pass' }) },
})

const coalesce = defineNode({
  ...about,
  type: 'coalesce',
  family: 'control',
  title: 'Coalesce',
  config: z.strictObject({ count: z.int().min(2).max(16).default(2) }),
  inputs: ({ count }) => numbered('in', count, inlet('any', { required: false })),
  outputs: { value: outlet('any', { sameAs: 'in_1' }), which: outlet('number', { optional: true }) },
})

const fallback = defineNode({
  ...about,
  type: 'fallback',
  family: 'routing',
  title: 'Fallback',
  config: z.strictObject({
    tries: z.int().min(2).max(8).default(2),
    advance_on: z.array(codeSelectorSchema).default(['provider']),
    first_token_ms: z.int().exactOptional(),
    attempt_ms: z.int().exactOptional(),
    degraded_from: z.int().exactOptional(),
    restart: z.boolean().default(false),
  }),
  inputs: ({ tries }) => numbered('try', tries, inlet('any', { gather: 'merge', reads: 'early' })),
  outputs: {
    value: outlet('any', { sameAs: 'try_1', streams: 'pass' }),
    which: outlet('number'),
    attempts: outlet('json'),
  },
  tries: (config) => ({
    ports: Object.keys(numbered('try', config.tries, 0)),
    advanceOn: config.advance_on,
    ...(config.first_token_ms === undefined ? {} : { firstTokenMs: config.first_token_ms }),
    ...(config.attempt_ms === undefined ? {} : { attemptMs: config.attempt_ms }),
    ...(config.degraded_from === undefined ? {} : { degradedFrom: config.degraded_from }),
    restart: config.restart,
  }),
})

const join = defineNode({
  ...about,
  type: 'join',
  family: 'control',
  title: 'Join',
  config: z.strictObject({ names: z.array(z.string()).min(1).default(['in_1', 'in_2']) }),
  inputs: ({ names }) => Object.fromEntries(names.map((name) => [name, inlet('any')])),
  outputs: { object: outlet('json') },
})

const http = defineNode({
  ...about,
  type: 'http',
  family: 'tool',
  title: 'HTTP',
  config: z.strictObject({ url: z.string(), effect: z.enum(['reads', 'writes']).default('reads') }),
  inputs: ({ url }) => ({
    value: inlet('any', { required: false }),
    ...Object.fromEntries(variables(url).map((name) => [name, inlet('text')])),
  }),
  outputs: { body: outlet('text', { untrusted: true }), status: outlet('number') },
  effects: ({ effect }) => effect,
  upstream: 'http',
  hosts: ({ url }) => [new URL(url).host],
})

const transform = defineNode({
  ...about,
  type: 'transform',
  family: 'control',
  title: 'Transform',
  config: z.strictObject({
    mode: z.enum(['expression', 'parse_json', 'to_json']).default('expression'),
    expression: z.string().exactOptional(),
    type: portTypeSchema.default('json'),
  }),
  inputs: { value: inlet('any'), vars: inlet('json', { required: false }) },
  outputs: ({ type }) => ({ value: outlet(type) }),
})

const race = defineNode({
  ...about,
  type: 'first',
  family: 'routing',
  title: 'First',
  config: z.strictObject({}),
  inputs: { value: inlet('text', { gather: 'race', reads: 'early' }) },
  outputs: { value: outlet('text', { sameAs: 'value', streams: 'pass' }) },
})

/** Version 3 of a config that was once called `a`, then `b`. */
const lifted = defineNode({
  ...about,
  type: 'lifted',
  version: 3,
  family: 'control',
  title: 'Lifted',
  config: z.strictObject({ c: z.string().default('none') }),
  inputs: { value: inlet('text') },
  outputs: { value: outlet('text') },
  migrate: {
    2: ({ a, ...rest }) => ({ ...rest, b: a ?? 'none' }),
    3: ({ b, ...rest }) => ({ ...rest, c: b ?? 'none' }),
  },
})

/** A definition with a bug: its ports cannot be computed. */
const broken = defineNode({
  ...about,
  type: 'broken',
  family: 'control',
  title: 'Broken',
  config: z.strictObject({ list: z.array(z.string()).exactOptional() }),
  inputs: ({ list }) => ({ [(list as readonly string[])[0] as string]: inlet('text') }),
  outputs: { value: outlet('text') },
})

const check = defineNode({
  ...about,
  type: 'check',
  family: 'test',
  title: 'Check',
  config: z.strictObject({}),
  inputs: { value: inlet('any') },
  outputs: { result: outlet('json') },
  testOnly: true,
})

export const madeUp: readonly AnyNodeDefinition[] = [
  input,
  chatInput,
  output,
  errorOutput,
  prompt,
  template,
  chatModel,
  branch,
  choice,
  guard,
  mask,
  unmask,
  coalesce,
  fallback,
  join,
  http,
  transform,
  race,
  lifted,
  broken,
  check,
]
