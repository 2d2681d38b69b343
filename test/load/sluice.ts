// The product with everything on, driven as anybody would: workspace files and the command line.
import { randomInt } from 'node:crypto'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { finish, line, start } from './children.ts'
import {
  type Contestant,
  gatewayPort,
  longQuestion,
  question,
  type Requests,
  type Site,
} from './contestant.ts'

const root = join(import.meta.dirname, '..', '..')
const cli = join(root, 'main', 'cli.ts')
const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'
const key = `slk_${random(8)}_${random(32)}`

export const sluice: Contestant = {
  name: 'sluice',
  prepare: async (site) => {
    const flows = { bench: modelFlow, 'steps-2': pureFlow(2), 'steps-12': pureFlow(12) }
    const workspace = workspaceOf(site)
    mkdirSync(join(workspace, 'flows'), { recursive: true })
    writeFileSync(join(workspace, 'sluice.yaml'), project(site.providerPort))
    for (const [slug, text] of Object.entries(flows)) {
      writeFileSync(join(workspace, 'flows', `${slug}.flow.yaml`), text)
      await publish(site, slug)
    }
  },
  start: async (site, nodeFlags) => {
    // An empty store each time: a round must not pay for the log of the rounds before it.
    const store = join(site.folder, 'store')
    rmSync(store, { recursive: true, force: true })
    mkdirSync(store)
    const args = ['serve', workspaceOf(site), '--json', '--no-studio', '--gateway-port', '0']
    const command = [process.execPath, ...nodeFlags, cli, ...args, '--store', join(store, 'store.db')]
    const child = start({ command, core: site.cores?.gateway, cwd: root, env: environment() })
    return { child, requests: requests(gatewayPort(await line(child))) }
  },
}

const workspaceOf = ({ folder }: Site) => join(folder, 'workspace')

async function publish(site: Site, slug: string) {
  const args = ['publish', workspaceOf(site), slug, '--label', 'production']
  const command = [process.execPath, cli, ...args]
  const child = start({ command, core: site.cores?.load, cwd: root, env: environment() })
  child.process.stdout?.resume()
  await finish(child)
}

function environment(): NodeJS.ProcessEnv {
  return {
    ...process.env,
    NODE_ENV: 'production',
    SLUICE_SECRET_BENCH_KEY: key,
    SLUICE_SECRET_MOCK: 'sk-mock',
  }
}

function requests(port: number): Requests {
  const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${key}` }
  const target = (slug: string, text: string, stream = false) => ({
    port,
    path: `/run/${slug}`,
    headers,
    body: JSON.stringify({ input: { question: text }, options: { stream, cache: 'bypass' } }),
  })
  return {
    json: target('bench', question),
    stream: target('bench', question, true),
    big: target('bench', longQuestion),
    steps: { two: target('steps-2', question), twelve: target('steps-12', question) },
  }
}

function project(providerPort: number) {
  return `format: sluice/project@1
name: Bench
gateway: { limits: { concurrent: 4096 } }
connections:
  mock:
    provider: openai-compatible
    base_url: http://127.0.0.1:${providerPort}/v1
    credential: secret:mock
    local: true
consumers:
  bench: { limits: { concurrent: 4096 }, keys: [{ id: bench, secret: secret:bench_key }] }
`
}

const modelFlow = `format: sluice/flow@1
name: Bench
slug: bench
nodes:
  answer: { type: output, config: { field: answer } }
  ask: { type: input, config: { fields: { question: { type: text } } } }
  check:
    type: guard-rule
    config:
      rules:
        - { kind: pattern, pattern: "(?i)ignore (all )?previous instructions" }
        - { kind: length, max: 200000 }
  compose:
    type: prompt
    config: { blocks: [{ role: system, text: You are brief. }, { role: user, text: "{{ question }}" }] }
  model: { type: chat-model, config: { targets: [mock/gpt-4o-mini], temperature: 0 } }
edges:
  - ask.question -> check.value
  - check.pass -> compose.question
  - compose.messages -> model.messages
  - model.text -> answer.value
`

/** Input, templates and output in a row: what the graph itself costs. */
function pureFlow(steps: number) {
  const between = Array.from({ length: steps - 2 }, (_, i) => `step_${i + 1}`)
  const nodes = between.map((id) => `  ${id}: { type: template, config: { text: "{{ text }}" } }\n`)
  const hops = ['ask.question', ...between.map((id) => `${id}.text`)]
  const inlets = [...between.map((id) => `${id}.text`), 'answer.value']
  return `format: sluice/flow@1
name: ${steps} steps
slug: steps-${steps}
nodes:
  answer: { type: output, config: { field: answer } }
  ask: { type: input, config: { fields: { question: { type: text } } } }
${nodes.join('')}edges:
${hops.map((from, i) => `  - ${from} -> ${inlets[i]}`).join('\n')}
`
}

function random(length: number) {
  return Array.from({ length }, () => letters[randomInt(letters.length)]).join('')
}
