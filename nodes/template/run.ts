import type { Prepare, Run, Template } from '#shared/flow/definition.ts'
import type { template } from './node.ts'

export const prepare: Prepare<typeof template, Template> = ({ config, build }) => build.template(config.text)

export const run: Run<typeof template, Template> = ({ ready, input }) => ({ text: ready.render(input) })
