// What a caller gets: the fields of all outputs, one of them main.
import type { JsonSchema } from '../../json.ts'
import type { FlowEdit } from '../edit.ts'
import type { PlanAnswer } from '../plan.ts'
import type { Graph, GraphNode } from './graph.ts'
import { error, fieldOf, type Report } from './report.ts'
import { pointer, schemaOf } from './type-schema.ts'

type Answering = GraphNode & { readonly answer: NonNullable<GraphNode['answer']> }

function answering(nodes: readonly GraphNode[]): readonly Answering[] {
  return nodes.filter((node): node is Answering => node.answer !== null)
}

/** `complete`: every node was understood, so a missing output is really missing. */
export function checkAnswer(nodes: readonly GraphNode[], complete: boolean, report: Report): void {
  const outputs = answering(nodes)
  if (outputs.length === 0) {
    if (complete)
      report(error('no_output', { at: { path: ['nodes'] }, message: 'a flow needs an output node' }))
    return
  }
  const owner = new Map<string, Answering>()
  for (const node of outputs) {
    const first = owner.get(node.answer.field)
    if (!first) owner.set(node.answer.field, node)
    else {
      const value = freeField(node.answer.field, outputs)
      const edits: FlowEdit[] = [{ op: 'set', path: ['nodes', node.id, 'config', 'field'], value }]
      report(
        error('config_invalid', {
          at: fieldOf(node.id, ['config', 'field']),
          message: `"${node.id}" and "${first.id}" both give the answer field "${node.answer.field}"`,
          fix: { title: `Name it ${value}`, edits },
        }),
      )
    }
  }
  const marked = outputs.filter((node) => node.answer.main)
  if (outputs.length > 1 && marked.length === 0) {
    const [first] = outputs as readonly [Answering]
    const edits: FlowEdit[] = [{ op: 'set', path: ['nodes', first.id, 'config', 'main'], value: true }]
    report(
      error('config_invalid', {
        at: fieldOf(first.id, ['config', 'main']),
        message: `one of the outputs ${outputs.map((node) => node.id).join(', ')} must be marked as main`,
        fix: { title: `Make ${first.id} main`, edits },
      }),
    )
  }
  for (const node of marked.slice(1)) {
    const edits: FlowEdit[] = [{ op: 'unset', path: ['nodes', node.id, 'config', 'main'] }]
    report(
      error('config_invalid', {
        at: fieldOf(node.id, ['config', 'main']),
        message: `only one output is main, and "${marked[0]?.id}" is marked already`,
        fix: { title: `Leave ${node.id} unmarked`, edits },
      }),
    )
  }
}

function freeField(field: string, outputs: readonly Answering[]): string {
  const taken = new Set(outputs.map((node) => node.answer.field))
  let name = field
  for (let number = 2; taken.has(name); number += 1) name = `${field.slice(0, 36)}_${number}`
  return name
}

export function answerOf(graph: Graph): PlanAnswer {
  const outputs = answering(graph.nodes)
  const fields = outputs.map((node) => ({
    ...node.answer,
    main: node.answer.main || outputs.length === 1,
    step: graph.index(node),
  }))
  const shared = fields.filter((field) => field.share)
  const properties = shared.map(({ field, type, schema }): [string, JsonSchema] => [
    field,
    schemaOf(type, schema, `#/properties/${pointer(field)}`),
  ])
  return {
    schema: {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      properties: Object.fromEntries(properties),
      required: shared.flatMap(({ field, required }) => (required ? [field] : [])).sort(),
      additionalProperties: false,
    },
    fields,
    main: fields.findIndex((field) => field.main),
  }
}
