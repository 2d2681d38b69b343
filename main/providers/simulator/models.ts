// The models that the simulator offers.
import type { CatalogueModel } from '../catalogue.ts'

export interface SimulatedModel extends CatalogueModel {
  /** Before the first token, and between two of a stream. */
  readonly pace: { readonly firstMs: number; readonly tokenMs: number }
}

const common = { context: 128_000, output: 16_384, tools: true, images: true, schema: true } as const

export const simulatorModels: ReadonlyMap<string, SimulatedModel> = new Map([
  ['sim-small', { ...common, pace: { firstMs: 60, tokenMs: 15 } }],
  ['sim-large', { ...common, pace: { firstMs: 250, tokenMs: 30 } }],
  ['sim-slow', { ...common, pace: { firstMs: 2_000, tokenMs: 120 } }],
  ['sim-instant', { ...common, pace: { firstMs: 0, tokenMs: 0 } }],
])
