// Config and parameters that all chat nodes share (nodes.md 4.3).
import { z } from 'zod'
import { codeSelectors, field, jsonObject, schemaValue, targetText } from '../flow/fields.ts'
import type { ChatRequest, Effort } from './chat.ts'

const temperature = z.number().min(0).max(2)
const topP = z.number().min(0).max(1)
const maxTokens = z.int().min(1).max(10_000_000)
const stop = z.array(z.string().min(1).max(200)).max(4)
const seed = z.int()

/** Spread into the `strictObject` of a node. */
export const modelFields = {
  targets: field(z.array(targetText).max(8).default([]), {
    title: 'Models',
    description:
      'Tried in order: the next one takes over when one fails before its first part. Empty: the target inlet.',
    field: 'targets',
  }),
  advance_on: field(codeSelectors.default(['provider']), {
    title: 'Next model on',
    description: 'Error codes or groups after which the next model of the list is tried.',
    field: 'codes',
  }),
  temperature: field(temperature.exactOptional(), {
    title: 'Temperature',
    description: 'From 0 (steady) to 2 (wild).',
    field: 'number',
  }),
  top_p: field(topP.exactOptional(), {
    title: 'Top p',
    description: 'Share of the likeliest words to choose from.',
    field: 'number',
  }),
  max_tokens: field(maxTokens.exactOptional(), {
    title: 'Longest answer',
    description: 'In tokens, reasoning included where the vendor counts it.',
    field: 'number',
  }),
  stop: field(stop.exactOptional(), {
    title: 'Stop texts',
    description: 'The answer ends before the first of these, at most four.',
    field: 'list',
  }),
  seed: field(seed.exactOptional(), {
    title: 'Seed',
    description: 'Asks for the same answer to the same request, where the model can.',
    field: 'number',
  }),
  reasoning_effort: field(z.enum(['none', 'low', 'medium', 'high']).exactOptional(), {
    title: 'Reasoning effort',
    description: 'How long the model may think before it answers.',
    field: 'choice',
  }),
  extra: field(jsonObject.exactOptional(), {
    title: 'Extra fields',
    description: 'Put into the request last, as they are.',
    field: 'json',
  }),
  truncated: field(z.enum(['keep', 'fail']).default('keep'), {
    title: 'Cut answers',
    description:
      'What to do with an answer that reached its longest length: keep it, or fail with output_invalid.',
    field: 'choice',
  }),
}
const modelConfig = z.strictObject(modelFields)
export type ModelConfig = z.output<typeof modelConfig>

const efforts = [
  'none',
  'minimal',
  'low',
  'medium',
  'high',
  'xhigh',
  'max',
] as const satisfies readonly Effort[]

/** The part of a request that no Run changes. */
export function baseRequest(config: Omit<ModelConfig, 'targets' | 'advance_on' | 'truncated'>): BaseRequest {
  const { temperature, top_p, max_tokens, stop, seed, reasoning_effort, extra } = config
  return {
    tools: [],
    toolChoice: 'auto',
    stop: stop ?? [],
    extra: extra ?? {},
    providerOptions: {},
    ...(temperature === undefined ? {} : { temperature }),
    ...(top_p === undefined ? {} : { topP: top_p }),
    ...(max_tokens === undefined ? {} : { maxOutputTokens: max_tokens }),
    ...(seed === undefined ? {} : { seed }),
    ...(reasoning_effort === undefined ? {} : { reasoning: { effort: reasoning_effort } }),
  }
}
export type BaseRequest = Omit<ChatRequest, 'system' | 'messages'>

const responseFormat = z.union([
  z.enum(['text', 'json']),
  z.object({ type: z.enum(['text', 'json_object']) }),
  z.object({
    type: z.literal('json_schema'),
    json_schema: z.object({ name: z.string().min(1), schema: schemaValue, strict: z.boolean().nullish() }),
  }),
])

/** What a caller or a flow may set for one request: null counts as not set. */
export const paramFields = {
  temperature: temperature.nullish(),
  top_p: topP.nullish(),
  max_tokens: maxTokens.nullish(),
  stop: z.union([z.string().min(1).max(200), stop]).nullish(),
  seed: seed.nullish(),
  response_format: responseFormat.nullish(),
  reasoning_effort: z.enum(efforts).nullish(),
}
export const paramNames = Object.keys(paramFields) as readonly (keyof typeof paramFields)[]
export const paramsSchema = z.object(paramFields)
export type Params = z.output<typeof paramsSchema>

/** `params` overrides what the config says. */
export function withParams(base: BaseRequest, params: Params): BaseRequest {
  const { temperature, top_p, max_tokens, stop, seed, response_format, reasoning_effort } = params
  return {
    ...base,
    ...(temperature == null ? {} : { temperature }),
    ...(top_p == null ? {} : { topP: top_p }),
    ...(max_tokens == null ? {} : { maxOutputTokens: max_tokens }),
    ...(stop == null ? {} : { stop: typeof stop === 'string' ? [stop] : stop }),
    ...(seed == null ? {} : { seed }),
    ...(response_format == null ? {} : { output: shapeOf(response_format) }),
    ...(reasoning_effort == null ? {} : { reasoning: { ...base.reasoning, effort: reasoning_effort } }),
  }
}

function shapeOf(format: z.output<typeof responseFormat>): NonNullable<ChatRequest['output']> {
  if (typeof format === 'string') return { kind: format }
  if (format.type === 'json_schema') {
    const { name, schema, strict } = format.json_schema
    return { kind: 'schema', name, schema, strict: strict ?? false }
  }
  return { kind: format.type === 'json_object' ? 'json' : 'text' }
}
