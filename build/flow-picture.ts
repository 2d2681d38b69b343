// Draws a flow with its layout as an SVG for the docs, light and dark:
//   node build/flow-picture.ts main/templates/support-answer/flows/support-answer.flow.yaml docs/images/support-answer.svg
import { readFileSync, writeFileSync } from 'node:fs'
import { parse } from 'yaml'
import { edgeText, parseEdge } from '../shared/flow/edit.ts'
import type { Flow, FlowNode, Layout } from '../shared/flow/types.ts'

const width = 220
const header = 32
const substance = 28
const row = 20
const margin = 24

/** Stripe colours by the first word of the type: the families of the canvas. */
const families: readonly (readonly [RegExp, string])[] = [
  [/^(input|output|chat-input|error-output|context)$/, 'io'],
  [/^(prompt|template|assemble|few-shot)$/, 'prompt'],
  [/^(chat-model|structured|embedding)$/, 'model'],
  [/^(guard-.*|unmask)$/, 'guard'],
  [/^(fallback|ab-split|race|load-balancer)$/, 'route'],
]

interface Box {
  readonly id: string
  readonly node: FlowNode
  readonly x: number
  readonly y: number
  readonly ins: readonly string[]
  readonly outs: readonly string[]
  readonly height: number
}

export function flowPicture(flow: Flow, layout: Layout): string {
  const ends = flow.edges.map((edge) => parseEdge(edge)).filter((edge) => edge !== undefined)
  const boxes = Object.entries(flow.nodes).map(([id, node]): Box => {
    const ins = [...new Set(ends.filter((edge) => edge.to.node === id).map((edge) => edge.to.port))].sort()
    const outs = [
      ...new Set(ends.filter((edge) => edge.from.node === id).map((edge) => edge.from.port)),
    ].sort()
    const [x, y] = layout.nodes?.[id]?.at ?? [0, 0]
    return {
      id,
      node,
      x,
      y,
      ins,
      outs,
      height: header + substance + row * Math.max(ins.length, outs.length, 1) + 6,
    }
  })
  const byId = new Map(boxes.map((box) => [box.id, box]))
  const right = Math.max(...boxes.map((box) => box.x + width)) + margin
  const lanes = Object.values(layout.bends ?? {}).flatMap((bends) => bends.map(([, y]) => y))
  const bottom = Math.max(...boxes.map((box) => box.y + box.height), ...lanes) + margin
  const left = Math.min(...boxes.map((box) => box.x)) - margin
  const top = Math.min(...boxes.map((box) => box.y), ...lanes) - margin
  const lines = ends.map((edge) => {
    const from = byId.get(edge.from.node)
    const to = byId.get(edge.to.node)
    if (!from || !to) return ''
    const lane = layout.bends?.[edgeText(edge)]?.[0]?.[1]
    return line(portAt(from, edge.from.port, 'out'), portAt(to, edge.to.port, 'in'), edge.from.port, lane)
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${left} ${top} ${right - left} ${bottom - top}" role="img" aria-label="${escaped(flow.name)}">`,
    `<style>${style}</style>`,
    `<rect class="canvas" x="${left}" y="${top}" width="${right - left}" height="${bottom - top}" rx="10"/>`,
    ...lines,
    ...boxes.map(card),
    '</svg>',
    '',
  ].join('\n')
}

function card(box: Box): string {
  const family = families.find(([pattern]) => pattern.test(box.node.type))?.[1] ?? 'data'
  const port = (name: string, i: number, side: 'in' | 'out') => {
    const { x, y } = portAt(box, name, side)
    const label =
      side === 'in'
        ? `<text class="port" x="${x + 12}" y="${y + 4}">${name}</text>`
        : `<text class="port end" x="${x - 12}" y="${y + 4}">${name}</text>`
    return `<circle class="dot" cx="${x}" cy="${y}" r="5" data-i="${i}"/>${label}`
  }
  return [
    `<g><rect class="card" x="${box.x}" y="${box.y}" width="${width}" height="${box.height}" rx="8"/>`,
    `<path class="stripe ${family}" d="M${box.x + 1.5} ${box.y + 8}V${box.y + box.height - 8}"/>`,
    `<text class="title" x="${box.x + 14}" y="${box.y + 21}">${escaped(box.node.title ?? titleOf(box.id))}</text>`,
    `<text class="kind end" x="${box.x + width - 12}" y="${box.y + 21}">${box.node.type}</text>`,
    `<text class="line" x="${box.x + 14}" y="${box.y + header + 16}">${escaped(substanceOf(box.node))}</text>`,
    ...box.ins.map((name, i) => port(name, i, 'in')),
    ...box.outs.map((name, i) => port(name, i, 'out')),
    '</g>',
  ].join('')
}

function portAt(box: Box, port: string, side: 'in' | 'out'): { x: number; y: number } {
  const index = (side === 'in' ? box.ins : box.outs).indexOf(port)
  return { x: box.x + (side === 'in' ? 0 : width), y: box.y + header + substance + row * index + row / 2 }
}

/** Leaves to the right, arrives from the left, with rounded steps; a bend in the layout gives the lane between. */
function line(from: Point, to: Point, port: string, lane: number | undefined): string {
  const kind = port === 'map' ? 'json' : port === 'messages' ? 'messages' : 'text'
  const points =
    lane === undefined
      ? [from, { x: to.x - 34, y: from.y }, { x: to.x - 34, y: to.y }, to]
      : [
          from,
          { x: from.x + 22, y: from.y },
          { x: from.x + 22, y: lane },
          { x: to.x - 22, y: lane },
          { x: to.x - 22, y: to.y },
          to,
        ]
  return `<path class="edge ${kind}" d="${rounded(points)}"/>`
}

interface Point {
  readonly x: number
  readonly y: number
}

function rounded(points: readonly Point[]): string {
  const radius = 8
  return points
    .map((point, i) => {
      const before = points[i - 1]
      const after = points[i + 1]
      if (!before) return `M${point.x} ${point.y}`
      if (!after) return `L${point.x} ${point.y}`
      const enter = towards(point, before, radius)
      const leave = towards(point, after, radius)
      return `L${enter.x} ${enter.y}Q${point.x} ${point.y} ${leave.x} ${leave.y}`
    })
    .join('')
}

function towards(from: Point, to: Point, distance: number): Point {
  const length = Math.hypot(to.x - from.x, to.y - from.y)
  const share = length === 0 ? 0 : Math.min(0.5, distance / length)
  return { x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share }
}

function substanceOf(node: FlowNode): string {
  const config: Readonly<Record<string, unknown>> = node.config ?? {}
  if (Array.isArray(config.targets)) return config.targets.join(', ')
  if (Array.isArray(config.kinds)) return config.kinds.join(', ')
  if (typeof config.prompt === 'string') return config.prompt
  if (typeof config.text === 'string') return cut(config.text.trim())
  if (typeof config.field === 'string') return `field ${config.field}`
  if (typeof config.tries === 'number') return `${config.tries} tries`
  if (typeof config.fields === 'object' && config.fields !== null)
    return Object.keys(config.fields).join(', ')
  return ''
}

const cut = (text: string) => (text.length > 30 ? `${text.slice(0, 29)}…` : text)
const titleOf = (id: string) => (id[0] ?? '').toUpperCase() + id.slice(1).replaceAll('_', ' ')
const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')

const style = `
svg{--canvas:#F4F5F8;--s1:#FFF;--border:#DDE1E8;--text:#161A22;--text2:#465062;--text3:#5F6878;--tt:#536486;--tm:#2A5BD7;--tj:#127A4B;--io:#667085;--prompt:#6B4FD8;--model:#1B62C4;--guard:#B0267F;--route:#7B3FC4;--data:#127A4B}
@media(prefers-color-scheme:dark){svg{--canvas:#0F1115;--s1:#15181E;--border:#2A303B;--text:#E6E9EF;--text2:#A9B1C0;--text3:#8A93A5;--tt:#B3C1DB;--tm:#7AA7FF;--tj:#5CCB94;--io:#98A2B3;--prompt:#B59CFF;--model:#6EB2FF;--guard:#FF8FD0;--route:#C79BFF;--data:#5CCB94}}
text{font-family:Inter,system-ui,sans-serif}.canvas{fill:var(--canvas)}.card{fill:var(--s1);stroke:var(--border)}
.stripe{stroke-width:3;stroke-linecap:round}.io{stroke:var(--io)}.prompt{stroke:var(--prompt)}.model{stroke:var(--model)}.guard{stroke:var(--guard)}.route{stroke:var(--route)}.data{stroke:var(--data)}
.title{font-size:13px;font-weight:600;fill:var(--text)}.kind{font-size:11px;fill:var(--text3)}.line{font-size:12px;fill:var(--text2)}.port{font-size:11px;fill:var(--text3)}.end{text-anchor:end}
.dot{fill:var(--tt);stroke:var(--s1);stroke-width:2}.edge{fill:none;stroke-width:1.75;opacity:.8}.text{stroke:var(--tt)}.messages{stroke:var(--tm)}.json{stroke:var(--tj)}
`.replaceAll('\n', '')

const [, script, source, target] = process.argv
if (script?.endsWith('flow-picture.ts') && source !== undefined && target !== undefined) {
  const read = (path: string) => parse(readFileSync(path, 'utf8')) as unknown
  writeFileSync(
    target,
    flowPicture(read(source) as Flow, read(source.replace('.flow.yaml', '.layout.yaml')) as Layout),
  )
}
