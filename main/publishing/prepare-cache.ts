// Compiles and binds each content once: publishing a tenth Version must not pay for the nine before it.
import { type Prepared, prepare } from '#main/engine/prepare.ts'
import { AppError } from '#shared/errors.ts'
import { compile } from '#shared/flow/compile/compile.ts'
import type { CompileEnv } from '#shared/flow/compile/env.ts'
import type { Builders, NodeRunner } from '#shared/flow/definition.ts'
import type { FlowContent } from '#shared/flow/types.ts'

export interface PrepareParts {
  readonly runners: Readonly<Record<string, NodeRunner>>
  readonly builders: (stage: 'input' | 'output') => Builders
}

export type PrepareCache = ReturnType<typeof prepareCache>

export function prepareCache(parts: PrepareParts) {
  let entries = new Map<string, Prepared>()
  let used = new Map<string, Prepared>()
  return {
    /**
     * @param surroundings what else a Plan depends on (connections, policies), as text
     * @throws AppError `flow_error` that names the first problem, `policy_denied` for a model that may not be used
     */
    prepare(
      flow: string,
      content: FlowContent,
      hash: string,
      env: CompileEnv,
      surroundings: string,
    ): Prepared {
      const key = `${flow}\n${hash}\n${surroundings}`
      const known = used.get(key) ?? entries.get(key)
      const prepared = known ?? build(flow, content, env)
      used.set(key, prepared)
      return prepared
    },
    /** Forgets what has not been asked for since the last call; running requests keep what they hold. */
    sweep(): void {
      entries = used
      used = new Map()
    },
  }

  function build(flow: string, content: FlowContent, env: CompileEnv): Prepared {
    const { plan, problems } = compile({ slug: flow, ...content }, env)
    if (plan) return prepare(plan, parts)
    const first = problems.find((problem) => problem.severity === 'error')
    const message = first?.message ?? 'the flow does not compile.'
    throw first?.code === 'model_not_allowed'
      ? new AppError('policy_denied', { message, details: { reason: 'model' } })
      : new AppError('flow_error', { message })
  }
}
