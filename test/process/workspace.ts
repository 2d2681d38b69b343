// A hand-written workspace with two scripted providers behind one fallback.
import type { Upstream } from '../upstream/server.ts'
import { folderOf } from './sluice.ts'

export const flow = `format: sluice/flow@1
name: Support   # written by hand, odd spacing and all
slug: support
nodes:
    ask:   { type: input, config: { fields: { question: { type: text, sample: "Where is it?" } } } }
    compose:
        type: prompt
        config:
            blocks:
                - { role: system, text: You are brief. }
                - { role: user, text: "{{ question }}" }
    first:  { type: chat-model, config: { targets: [one/gpt-4o-mini] }, policy: { retry: { tries: 2, backoff_ms: 1 } } }
    second: { type: chat-model, config: { targets: [two/gpt-4o-mini] } }
    sorry:  { type: template, config: { text: "Please try again later." } }
    pick:   { type: fallback, config: { tries: 3, first_token_ms: 400, degraded_from: 3 } }
    answer: { type: output, config: { field: answer } }
edges:
    - ask.question -> compose.question
    - compose.messages -> first.messages
    - compose.messages -> second.messages
    - first.text -> pick.try_1
    - second.text -> pick.try_2
    - sorry.text -> pick.try_3
    - pick.value -> answer.value
`

export function project(one: Upstream, two: Upstream, more = ''): string {
  return `format: sluice/project@1
name: Test
connections:
  one: { provider: openai-compatible, base_url: ${one.url}/v1, credential: secret:one_key, local: true }
  two: { provider: openai-compatible, base_url: ${two.url}/v1, local: true }
${more}`
}

export const secretEnv = { SLUICE_SECRET_ONE_KEY: 'sk-marker-one-4711' }

export function workspace(one: Upstream, two: Upstream, more = '') {
  return folderOf({ 'sluice.yaml': project(one, two, more), 'flows/support.flow.yaml': flow })
}
