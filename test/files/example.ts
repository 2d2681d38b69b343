// The workspace that the documentation shows, for tests and people to paste.
export const exampleProject = `format: sluice/project@1
name: Parcel support
gateway: { listen: 127.0.0.1:7421, hosts: [], allow_ip: [], deny_ip: [] }
variables: { brand: Parcel }            # no secrets; read through \`context\`, set per overlay
connections:
  demo: { provider: simulator }
  openai: { provider: openai, credential: secret:openai_key, concurrency: 32 }
  ollama: { provider: ollama, base_url: http://127.0.0.1:11434, local: true }
  corp:
    provider: openai-compatible
    base_url: https://llm.example.com/v1
    credential: secret:corp_key
    models:
      corp-7b: { base: llama3.1-8b, context: 32768, price_per_million: { input: 0.2, output: 0.4 } }
endpoints:
  support-answer:
    flow: support-answer
    state: published
    labels:
      production:
        split: { control: { version: 12, weight: 90 }, shorter: { version: 13, weight: 10 } }
        sticky: metadata.user_id
      staging: 13
    versions: { 11: { state: deprecated, sunset: "2027-03-01", successor: production } }
    access: { approval: false, cors: [] }
    surfaces: [rest, openai, anthropic, mcp]
    require_metadata: [user_id]
    limits:
      timeout_ms: 60000
      max_cost_usd: 0.02
      requests: { max: 600, window_s: 60, burst: 100 }
    guards:
      input: [{ type: guard-injection }]
      output: [{ type: guard-rule, config: { rules: [{ kind: secret }] } }]
    gate: { experiments: [tone], min_coverage: 0.8 }
prompts: { answer: { labels: { production: 3 } } }
consumers:
  web-shop:
    tags: { team: shop }
    keys: [{ id: web-1, secret: secret:web_shop_key, scopes: [run, cost], expires: "2027-06-01" }]
    access: { support-answer: [production] }
    budget: { max_usd: 50, window: month, warn_at: [80, 100] }
policies:
  models: { allow: ["openai/*", "ollama/*"] }
  hosts: { allow: [api.openai.com] }
  breaker: { failures: 5, window_s: 60, open_s: 30 }
  retention: { runs_days: 30, bodies_days: 7, events_s: 3600, max_store_mb: 4096 }
  redact: [email, phone, card]
  prompt_rules: [{ kind: max_tokens, max: 4000, level: error }]
webhooks:
  ops: { url: https://hooks.example.com/sluice, secret: secret:hook, events: [alert.opened] }
alerts:
  errors: { when: error_rate > 0.05, over_s: 300, send: [desktop, ops] }
mcp_servers: { files: { url: https://tools.example.com/mcp, credential: secret:tools } }
`

export const exampleFlow = `format: sluice/flow@1
name: Support answer
slug: support-answer
description: Answers a customer's question in a friendly tone.
tags: [support]
nodes:
  answer: { type: output, config: { field: answer } }
  ask:
    type: input
    config: { fields: { question: { type: text, sample: "Where is my parcel?" } } }
  clean: { type: guard-pii, config: { kinds: [email, phone] } }
  compose: { type: prompt, config: { prompt: answer@production } }
  model:
    type: chat-model
    title: Ask the model
    config:
      targets: [openai/gpt-5-mini, ollama/llama3.3]
      max_tokens: 400
    policy:
      first_token_ms: 3000
      retry: { tries: 2 }
  restore: { type: unmask }
edges:
  - ask.question -> clean.value
  - clean.map -> restore.map
  - clean.pass -> compose.question
  - compose.messages -> model.messages
  - model.text -> restore.value
  - restore.value -> answer.value
`

export const exampleLayout = `format: sluice/layout@1
nodes:
  answer: { at: [960, 120] }
  each: { at: [400, 80], size: [520, 300], folded: true }
bends: { "model.text -> restore.value": [[720, 160]] }
notes: { n1: { at: [0, 400], size: [240, 120], text: Check with legal, colour: yellow } }
frames: { f1: { at: [180, 60], size: [400, 260], title: Protection } }
`

export const examplePrompt = `---
format: sluice/prompt@1
description: Friendly support answer
tags: [support]
variables:
  question: { type: text, sample: "Where is my parcel?" }
---
=== system
You help customers of a parcel service. Be friendly and brief.
=== user
{{ question }}
`
