// What type a pass-through port really has: that of what feeds it (nodes.md 1.3).
import type { JsonSchema } from '../../json.ts'
import { type Conversion, conversion, type PortType } from '../ports.ts'
import { type GraphNode, passedInlets } from './graph.ts'
import type { PortLink } from './links.ts'

export interface PortTypes {
  /** Undefined conversion: the types do not fit. */
  of(end: PortLink): {
    readonly type: PortType
    readonly wanted: PortType
    readonly conversion: Conversion | undefined
  }
  /** The type of an outlet, `any` while nothing feeds it. */
  outlet(node: GraphNode, outlet: string): PortType
}

interface Typed {
  readonly type: PortType
  readonly schema?: JsonSchema
}

const any: Typed = { type: 'any' }

export function portTypes(ends: readonly PortLink[]): PortTypes {
  const feeds = new Map<GraphNode, Map<string, PortLink[]>>()
  for (const end of ends) {
    if (end.toWhen) continue
    const inlets = feeds.get(end.to) ?? new Map<string, PortLink[]>()
    feeds.set(end.to, inlets)
    const list = inlets.get(end.inlet)
    if (list) list.push(end)
    else inlets.set(end.inlet, [end])
  }
  const known = new Map<GraphNode, Map<string, Typed>>()

  function outletOf(node: GraphNode, name: string): Typed {
    const ofNode = known.get(node) ?? new Map<string, Typed>()
    known.set(node, ofNode)
    const before = ofNode.get(name)
    if (before) return before
    const outlet = node.outlets.get(name)
    if (!outlet) return any
    const own: Typed = outlet.schema ? { type: outlet.type, schema: outlet.schema } : { type: outlet.type }
    if (!outlet.sameAs) return own
    // Stands there while the feeds are looked at, so that a cycle comes to an end.
    ofNode.set(name, own)
    const passed = shared(node, name)
    const found = passed === undefined || passed.type === 'any' ? own : passed
    ofNode.set(name, found)
    return found
  }

  /** The one type that everything on these inlets has or turns into; undefined where nothing feeds them. */
  function shared(node: GraphNode, outlet: string): Typed | undefined {
    const ends = passedInlets(node, outlet).flatMap((inlet) => feeds.get(node)?.get(inlet) ?? [])
    const types = ends.map((end) => landed(end)).filter((typed) => typed.type !== 'any')
    const fit = (to: Typed) =>
      types.every((from) => conversion(from.type, to.type, from.schema) !== undefined)
    const [first] = types
    return types.find(fit) ?? first
  }

  /** As it stands in the inlet: converted where the inlet names a type of its own. */
  function landed(end: PortLink): Typed {
    const left = leaving(end)
    const { sink } = end
    if (!sink || sink.type === 'any' || sink.type === left.type || sink.also?.includes(left.type)) return left
    return { type: sink.type }
  }

  function leaving(end: PortLink): Typed {
    return end.fromError ? { type: 'error' } : outletOf(end.from, end.outlet)
  }

  return {
    outlet: (node, outlet) => outletOf(node, outlet).type,
    of(end) {
      const { type, schema } = leaving(end)
      const { sink } = end
      if (!sink) return { type, wanted: 'any', conversion: 'none' }
      if (sink.also?.includes(type)) return { type, wanted: type, conversion: 'none' }
      const wanted = sink.type === 'any' ? wantedBy(end) : sink.type
      return { type, wanted, conversion: conversion(type, wanted, schema) }
    },
  }

  /** An `any` inlet that is passed on takes the type of its siblings. */
  function wantedBy(end: PortLink): PortType {
    for (const [name] of end.to.outlets) {
      if (passedInlets(end.to, name).includes(end.inlet)) return shared(end.to, name)?.type ?? 'any'
    }
    return 'any'
  }
}
