// Settings of the gateway and of single endpoints, as `main/gateway` wants them.
import { defaultLimits, type RunLimits } from '#main/engine/effects.ts'
import type { GatewaySettings, LimitSet } from '#main/gateway/ports.ts'
import { limitFacts } from '#shared/project/limits.ts'
import type { EndpointSettings, Project } from '#shared/project/schema.ts'

export function gatewaySettings(project: Project): GatewaySettings {
  const { hosts, allow_ip, deny_ip, limits } = project.gateway
  return {
    hosts,
    allowIp: allow_ip,
    denyIp: deny_ip,
    // `concurrent` of the gateway is its number of Runs at once, which waits in a queue instead of refusing.
    limits: withoutConcurrent(limitFacts(limits)),
    bodyBytes: limits.body_bytes,
    maxRuns: limits.concurrent,
    maxQueue: limits.queue,
    queueMs: limits.queue_ms,
    runsPerKey: limits.concurrent_per_key,
    wrongKeysPerMinute: limits.wrong_keys_per_minute,
    vars: project.variables,
  }
}

function withoutConcurrent({ concurrent: _, ...rest }: LimitSet): LimitSet {
  return rest
}

export function runLimits(endpoint: EndpointSettings | undefined): RunLimits {
  if (!endpoint) return defaultLimits
  const { timeout_ms, max_cost_usd, answer_bytes } = endpoint.limits
  return {
    ...defaultLimits,
    timeoutMs: timeout_ms,
    maxCostUsd: max_cost_usd ?? null,
    answerBytes: answer_bytes,
  }
}
