// Inlets of nodes that render templates: one per variable of the text.
import type { Variable } from '../text/template-variables.ts'
import { type Inlet, inlet, type PortType } from './ports.ts'
import type { PromptVariable } from './types.ts'

/** A variable without a declared type takes any of these as it is: loops see lists, conditions see numbers. */
const shown: readonly PortType[] = [
  'json',
  'number',
  'boolean',
  'vector',
  'error',
  'list<text>',
  'list<json>',
  'list<number>',
  'list<boolean>',
  'list<vector>',
  'list<error>',
]

type Declared = Readonly<Record<string, Pick<PromptVariable, 'type' | 'default' | 'description'>>>

/** A variable is a required inlet unless the text does without it or its declaration has a default. */
export function templateInlets(
  variables: readonly Pick<Variable, 'name' | 'required'>[],
  declared: Declared = {},
): Record<string, Inlet> {
  const inlets: Record<string, Inlet> = {}
  for (const { name, required } of variables) {
    const declaration = Object.hasOwn(declared, name) ? declared[name] : undefined
    const known = inlets[name]
    inlets[name] = inlet(declaration?.type ?? 'text', {
      required: known?.required === true || (required && declaration?.default === undefined),
      ...(declaration ? {} : { also: shown }),
      ...(declaration?.description === undefined ? {} : { description: declaration.description }),
    })
  }
  return inlets
}
