// Flows of the largest size that a file may have, each hard in another way.
import type { Flow, FlowNode } from '#shared/flow/types.ts'
import { drawing } from './drawing.ts'

type Nodes = Record<string, string | FlowNode>
const value: FlowNode = { type: 'template', config: { text: '{{ value }}' } }

/** Prompts, models, templates and ifs in one long line. */
function chain(count: number): Flow {
  const nodes: Nodes = { ask: 'input', answer: 'output' }
  const edges: string[] = []
  const kinds = [
    { node: value, inlet: 'value', outlet: 'text' },
    { node: 'prompt', inlet: 'question', outlet: 'messages' },
    { node: 'chat-model', inlet: 'messages', outlet: 'text' },
    { node: 'if', inlet: 'value', outlet: 'true' },
  ] as const
  let last = 'ask.question'
  for (let index = 0; index < count; index += 1) {
    const { node, inlet, outlet } = kinds[index % 4] as (typeof kinds)[number]
    nodes[`n${index}`] = node
    edges.push(`${last} -> n${index}.${inlet}`)
    last = `n${index}.${outlet}`
  }
  return drawing(nodes, [...edges, `${last} -> answer.value`].join('\n'))
}

/** Decisions that come together again, one after the other. */
function decisions(count: number): Flow {
  const nodes: Nodes = { ask: 'input', answer: 'output' }
  const edges: string[] = []
  let last = 'ask.question'
  for (let index = 0; index < count / 4; index += 1) {
    Object.assign(nodes, {
      [`i${index}`]: 'if',
      [`a${index}`]: value,
      [`b${index}`]: value,
      [`m${index}`]: 'coalesce',
    })
    edges.push(
      `${last} -> i${index}.value`,
      `i${index}.true -> a${index}.value`,
      `i${index}.false -> b${index}.value`,
    )
    edges.push(`a${index}.text -> m${index}.in_1`, `b${index}.text -> m${index}.in_2`)
    last = `m${index}.value`
  }
  return drawing(nodes, [...edges, `${last} -> answer.value`].join('\n'))
}

/** Arms of one switch, all merged in one inlet: as many proofs as there are pairs. */
function arms(count: number): Flow {
  const names = Array.from({ length: count }, (_, index) => `c${index}`)
  const cases = Object.fromEntries(names.map((name) => [name, { equals: name }]))
  const nodes: Nodes = { ask: 'input', answer: 'output', pick: { type: 'switch', config: { cases } } }
  const edges = ['ask.question -> pick.value', 'pick.default -> answer.value']
  for (const name of names) {
    nodes[`n_${name}`] = value
    edges.push(`pick.${name} -> n_${name}.value`, `n_${name}.text -> answer.value`)
  }
  return drawing(nodes, edges.join('\n'))
}

/** A fallback inside of the first try of a fallback, and so on. */
function nested(count: number): Flow {
  const nodes: Nodes = { answer: 'output', first: 'template' }
  const edges: string[] = []
  let last = 'first.text'
  for (let index = 0; index < count / 2; index += 1) {
    nodes[`f${index}`] = 'fallback'
    nodes[`s${index}`] = 'template'
    edges.push(`${last} -> f${index}.try_1`, `s${index}.text -> f${index}.try_2`)
    last = `f${index}.value`
  }
  return drawing(nodes, [...edges, `${last} -> answer.value`].join('\n'))
}

export const large: Readonly<Record<string, (count: number) => Flow>> = { chain, decisions, arms, nested }
