// Flows for tests of files: random ones, each with a node that has every policy.
import type { Flow } from '#shared/flow/types.ts'
import type { JsonObject } from '#shared/json.ts'
import { randomFlow } from '../random/flow.ts'

export function sampleFlow(seed: number, slug: string): JsonObject {
  const flow = randomFlow(seed, { maxNodes: 3 })
  const probe = {
    type: 'chat-model',
    title: 'Ask the model',
    mode: 'off',
    config: { targets: ['openai/gpt-5-mini'], max_tokens: 400, text: 'line one\nline two' },
    policy: {
      timeout_ms: 500,
      retry: { tries: 2, on: ['transient', 'no_value'], jitter: false },
      on_error: 'fail',
      concurrency: 3,
    },
  } as const
  const whole: Flow = {
    ...flow,
    slug,
    nodes: { ...flow.nodes, probe },
    edges: [...flow.edges, 'probe.text -> probe_2.value'],
  }
  return JSON.parse(JSON.stringify(whole)) as JsonObject
}
