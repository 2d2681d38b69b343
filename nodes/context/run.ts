import { AppError } from '#shared/errors.ts'
import type { Run, StepContext } from '#shared/flow/definition.ts'
import type { context } from './node.ts'

type Scalar = string | number | boolean

export const run: Run<typeof context> = ({ config, ctx }) => {
  const value = factOf(config.path, ctx)
  if (value === undefined || value === null) return {}
  return { value: config.path === 'version' ? value : typed(value, config) }
}

function factOf(path: string, ctx: StepContext): Scalar | null | undefined {
  const facts = ctx.run
  switch (path) {
    case 'run.id':
      return facts.id
    case 'endpoint.slug':
      return facts.endpoint
    case 'label':
      return facts.label
    case 'version':
      return facts.version
    case 'variant':
      return facts.variant
    case 'consumer.id':
      return facts.consumer?.id
    case 'now':
      return new Date(ctx.now()).toISOString()
  }
  const dot = path.lastIndexOf('.')
  const name = path.slice(dot + 1)
  switch (path.slice(0, dot)) {
    case 'metadata':
      return own(facts.metadata, name)
    case 'header':
      return own(facts.headers, name)
    case 'var':
      return own(facts.vars, name)
    case 'consumer.tags':
      return own(facts.consumer?.tags ?? {}, name)
  }
  return undefined
}

function own<T>(values: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined
}

function typed(value: Scalar, { path, type }: { path: string; type: 'text' | 'number' | 'boolean' }): Scalar {
  const text = String(value)
  if (type === 'text') return text
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true'
  if (type === 'number' && text.trim() !== '' && Number.isFinite(Number(text))) return Number(text)
  throw new AppError('flow_error', { message: `"${path}" is not a ${type}.`, details: { reason: 'context' } })
}
