import { AppError } from '#shared/errors.ts'
import type { Builders, ConfigOf, Prepare, Run } from '#shared/flow/definition.ts'
import { isJsonObject } from '#shared/json.ts'
import { asJson } from '#shared/model/as-json.ts'
import type { switchNode } from './node.ts'

type Case = ConfigOf<typeof switchNode>['cases'][string]
type Test = (value: unknown) => boolean | Promise<boolean>
type Tests = readonly (readonly [string, Test])[]

export const prepare: Prepare<typeof switchNode, Tests> = ({ config, build }) =>
  Object.entries(config.cases).map(([name, given]) => [name, testOf(name, given, build)] as const)

export const run: Run<typeof switchNode, Tests> = async ({ ready, input }) => {
  const value = asJson(input.value)
  for (const [name, test] of ready) {
    const matched = test(value)
    if (typeof matched === 'boolean' ? matched : await matched) return { [name]: input.value }
  }
  return { default: input.value }
}

function testOf(name: string, given: Case, build: Builders): Test {
  if ('equals' in given) return (value) => same(value, given.equals)
  if ('in' in given) return (value) => given.in.some((candidate) => same(value, candidate))
  if ('between' in given) {
    const [low, high] = given.between
    return (value) => typeof value === 'number' && value >= low && value <= high
  }
  if ('matches' in given) {
    const regex = build.regex(given.matches)
    return (value) => (typeof value === 'object' || value === undefined ? false : regex.test(String(value)))
  }
  const expression = build.expression(given.if)
  return async (value) => {
    const result = await expression.evaluate({ value })
    if (typeof result === 'boolean') return result
    throw new AppError('flow_error', {
      message: `The test of case "${name}" must give true or false, not ${result === undefined ? 'nothing' : typeof result}.`,
      details: { reason: 'not_boolean', case: name },
    })
  }
}

/** The same JSON, whatever the order of keys. */
function same(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, index) => same(item, b[index]))
  if (!isJsonObject(a) || !isJsonObject(b)) return false
  const keys = Object.keys(a)
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && same(a[key], b[key]))
  )
}
