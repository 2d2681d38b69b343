/* biome-ignore-all lint/suspicious/noTemplateCurlyInString: the form that files hold */
import { expect, test } from 'vitest'
import { formatProblem } from '#shared/flow/diagnostics.ts'
import { exampleProject } from '../../test/files/example.ts'
import { makeFolder } from '../../test/files/folder.ts'
import { readWorkspace } from './read.ts'

const definitions = new Map()
const read = (files: Record<string, string>, env?: string) =>
  readWorkspace(makeFolder(files), { definitions, ...(env === undefined ? {} : { env }) })
const told = (files: Record<string, string>, env?: string) => read(files, env).problems.map(formatProblem)
const base = 'format: sluice/project@1\nname: Parcel\n'

test('the example of the documentation is read without a problem', () => {
  const { project, problems } = read({ 'sluice.yaml': exampleProject })
  expect(problems).toEqual([])
  expect(project?.endpoints['support-answer']?.labels.production).toEqual({
    split: { control: { version: 12, weight: 90 }, shorter: { version: 13, weight: 10 } },
    sticky: 'metadata.user_id',
  })
  expect(project?.connections.corp?.models['corp-7b']?.price_per_million).toEqual({ input: 0.2, output: 0.4 })
})

test('what is left out has its default', () => {
  const { project } = read({
    'sluice.yaml': `${base}endpoints: { a: { flow: a } }\nconsumers: { c: { keys: [{ id: k, secret: secret:k }] } }\n`,
  })
  expect(project?.gateway).toMatchObject({
    listen: '127.0.0.1:7421',
    limits: { concurrent: 512, queue: 512, queue_ms: 10_000, body_bytes: 4_194_304 },
  })
  expect(project?.endpoints.a).toMatchObject({
    state: 'published',
    surfaces: ['rest', 'openai', 'anthropic', 'mcp'],
    unknown_fields: 'ignore',
    share_events: false,
    limits: { timeout_ms: 120_000, answer_bytes: 16_777_216 },
  })
  expect(project?.consumers.c?.keys[0]).toMatchObject({ scopes: ['run', 'mcp'], state: 'active', pin: {} })
  expect(project?.consumers.c?.access).toBeUndefined()
})

const wrong: readonly [string, string, string][] = [
  [
    'connections: { a: { provder: x } }',
    '3:21',
    'unknown field "provder" in connections.a; did you mean "provider"?',
  ],
  ['conections: {}', '3:1', 'unknown field "conections" in the project; did you mean "connections"?'],
  ['connections: { a: {} }', '3:16', '"provider" is missing in connections.a'],
  [
    'connections: { a: { provider: x, credential: sk-123456 } }',
    '3:46',
    '"credential" must be a reference like "secret:openai_key"; give the value itself as SLUICE_SECRET_OPENAI_KEY',
  ],
  [
    'connections: { a: { provider: x, credential: "secret:Key" } }',
    '3:46',
    '"credential" must be "secret:" and a name of a-z, 0-9 and _, at most 64 characters',
  ],
  [
    'connections: { a: { provider: x, headers: { Authorization: Bearer abc } } }',
    '3:60',
    '"Authorization" must take its credential by reference, as in "Bearer ${secret:name}"',
  ],
  [
    'connections: { a: { provider: x, headers: { X-A: "${secret:A b}" } } }',
    '3:50',
    '"X-A" has a bad secret reference; write "${secret:name}" with a name of a-z, 0-9 and _',
  ],
  [
    'connections: { a: { provider: x, headers: { Host: b } } }',
    '3:45',
    'the name "Host" cannot be set: it belongs to the transport',
  ],
  [
    'connections: { a: { provider: x, base_url: llm.example.com } }',
    '3:44',
    '"base_url" must be a URL that begins with http:// or https://',
  ],
  [
    'connections: { a: { provider: x, base_url: "http://u:p@h" } }',
    '3:44',
    '"base_url" must not hold a user or password',
  ],
  [
    'connections: { a: { provider: x, timeouts: { connect_ms: 0 } } }',
    '3:58',
    '"connect_ms" must be at least 1, not 0',
  ],
  [
    'connections: { "a/b": { provider: x } }',
    '3:16',
    'the name "a/b" must be 1 to 63 letters, digits, ".", "_" or "-", and begin with a letter or digit',
  ],
  [
    'gateway: { listen: localhost }',
    '3:20',
    '"listen" must be an address and a port, such as 127.0.0.1:7421',
  ],
  [
    'gateway: { listen: "127.0.0.1:70000" }',
    '3:20',
    '"listen" must be an address and a port, such as 127.0.0.1:7421',
  ],
  [
    'gateway: { allow_ip: [10.0.0.0/33] }',
    '3:23',
    'entry 1 of "allow_ip" must be an IP address or a range such as 10.0.0.0/8',
  ],
  [
    'gateway: { limits: { per_adress: { max: 1, window_s: 1 } } }',
    '3:22',
    'unknown field "per_adress" in gateway.limits; did you mean "per_address"?',
  ],
  ['variables: { brand: 3 }', '3:21', '"brand" must be a text, not a number'],
  [
    'endpoints: { Shop: { flow: a } }',
    '3:14',
    'the name "Shop" must be 1 to 63 characters of a-z, 0-9 and -, and begin with a letter or digit',
  ],
  [
    'endpoints: { a: { flow: a, labels: { draft: 1 } } }',
    '3:38',
    'the name "draft" cannot be set: the label "draft" is reserved',
  ],
  [
    'endpoints: { a: { flow: a, labels: { production: latest } } }',
    '3:50',
    '"production" must be a number or a map, not a text',
  ],
  [
    'endpoints: { a: { flow: a, labels: { production: 0 } } }',
    '3:50',
    '"production" must be at least 1, not 0',
  ],
  [
    'endpoints: { a: { flow: a, labels: { production: { split: {} } } } }',
    '3:59',
    '"split" must name a variant with a weight above 0',
  ],
  [
    'endpoints: { a: { flow: a, labels: { p: { split: { x: { version: 1, weight: 0 } } } } } }',
    '3:50',
    '"split" must name a variant with a weight above 0',
  ],
  [
    'endpoints: { a: { flow: a, labels: { p: { split: { x: { version: 1, weight: -1 } } } } } }',
    '3:77',
    '"weight" must be at least 0, not -1',
  ],
  [
    'endpoints: { a: { flow: a, labels: { p: { split: { x: { version: 1, weight: 1 } }, sticky: user } } } }',
    '3:92',
    '"sticky" must be "metadata.<name>" or "consumer.id"',
  ],
  [
    'endpoints: { a: { flow: a, surfaces: [grpc] } }',
    '3:39',
    'entry 1 of "surfaces" must be "rest", "openai", "anthropic" or "mcp", not "grpc"',
  ],
  [
    'endpoints: { a: { flow: a, state: publishd } }',
    '3:35',
    '"state" must be "draft", "published", "deprecated" or "retired", not "publishd"; did you mean "published"?',
  ],
  [
    'endpoints: { a: { flow: a, limits: { timeout_ms: 3600001 } } }',
    '3:50',
    '"timeout_ms" must be at most 3600000, not 3600001',
  ],
  [
    'endpoints: { a: { flow: a, limits: { requests: { max: 5 } } } }',
    '3:38',
    '"window_s" is missing in endpoints.a.limits.requests',
  ],
  [
    'endpoints: { a: { flow: a, versions: { latest: { state: retired } } } }',
    '3:40',
    'the name "latest" must be a version number',
  ],
  [
    'endpoints: { a: { flow: a, versions: { 1: { state: retired, sunset: "2027-02-30" } } } }',
    '3:69',
    '"sunset" is not a day of the calendar',
  ],
  [
    'endpoints: { a: { flow: a, access: { cors: ["https://a.example/x"] } } }',
    '3:45',
    'entry 1 of "cors" must be an origin such as https://app.example.com, without a path',
  ],
  [
    'consumers: { c: { keys: [{ id: k, secret: secret:k, scopes: [runs] }] } }',
    '3:62',
    'entry 1 of "scopes" must be "run", "batch", "trace", "cost", "draft", "pick_variant", "models", "proxy" or "mcp", not "runs"; did you mean "run"?',
  ],
  ['consumers: { c: { budget: { max_usd: 0 } } }', '3:38', '"max_usd" must be above 0, not 0'],
  [
    'consumers: { c: { budget: { max_usd: 5, window: year } } }',
    '3:49',
    '"window" must be "day", "week", "month" or "total", not "year"',
  ],
  [
    'policies: { redact: [emial] }',
    '3:22',
    'entry 1 of "redact" must be "email", "phone", "card", "iban", "ip", "url", "national_id" or "wallet", not "emial"; did you mean "email"?',
  ],
  ['policies: { secret_scan: { allow: [all] } }', '3:36', 'entry 1 of "allow" must be "file:path"'],
  ['mcp_servers: { a: { args: [x] } }', '3:19', '"a" must have either "url" or "command"'],
]
test.each(wrong)('%s', (line, at, message) => {
  expect(told({ 'sluice.yaml': `${base}${line}\n` })).toEqual([`sluice.yaml:${at} ${message}`])
})

test('a folder without sluice.yaml says how to make one', () => {
  expect(told({})).toEqual([
    'sluice.yaml:1:1 there is no sluice.yaml in this folder; `sluice init` makes one',
  ])
})

test.each(['', '# nothing yet\n', '- a\n', 'just text\n'])('%j is no project', (text) => {
  const state = read({ 'sluice.yaml': text })
  expect(state.project).toBeNull()
  expect(state.problems.map(formatProblem)).toEqual([
    'sluice.yaml:1:1 the project must be a map that begins with "format: sluice/project@1"',
  ])
})

test('a project without format, and an overlay without it', () => {
  expect(told({ 'sluice.yaml': 'name: P\n' })).toEqual([
    'sluice.yaml:1:1 the project must be a map that begins with "format: sluice/project@1"',
  ])
  expect(told({ 'sluice.yaml': base, 'sluice.prod.yaml': 'name: P\n' }, 'prod')).toEqual([
    'sluice.prod.yaml:1:1 the project must be a map that begins with "format: sluice/project@1"',
  ])
  expect(told({ 'sluice.yaml': 'name: P\nformat: sluice/project@1\n' })).toEqual([
    'sluice.yaml:2:1 "format" must be the first key',
  ])
  expect(told({ 'sluice.yaml': 'format: sluice/flow@1\nname: P\n' })).toEqual([
    'sluice.yaml:1:9 "format" must be "sluice/project@1", not "sluice/flow@1"',
  ])
})

test('an overlay is merged by key and stands above the base', () => {
  const files = {
    'sluice.yaml': `${base}variables: { brand: Parcel, tone: kind }\nconnections:\n  demo: { provider: simulator, concurrency: 4 }\ngateway: { hosts: [a.example] }\n`,
    'sluice.staging.yaml':
      'format: sluice/project@1\nvariables: { brand: Test }\nconnections: { demo: { local: true } }\ngateway: { hosts: [] }\n',
  }
  const { project, problems } = read(files, 'staging')
  expect(problems).toEqual([])
  expect(project).toMatchObject({
    name: 'Parcel',
    variables: { brand: 'Test', tone: 'kind' },
    connections: { demo: { provider: 'simulator', concurrency: 4, local: true } },
    gateway: { hosts: [] },
  })
  expect(read(files).project?.variables.brand).toBe('Parcel')
})

test('a problem is told in the file that says the wrong thing, also of an overlay that was not chosen', () => {
  const files = {
    'sluice.yaml': `${base}connections:\n  demo: { provider: simulator }\n`,
    'sluice.staging.yaml': 'format: sluice/project@1\nconnections: { demo: { concurrency: 0 } }\n',
  }
  const problem = 'sluice.staging.yaml:2:37 "concurrency" must be at least 1, not 0'
  expect(told(files, 'staging')).toEqual([problem])
  expect(told(files)).toEqual([problem])
  expect(read(files, 'staging').project).toBeNull()
  expect(read(files).project).not.toBeNull()
})

test('an environment without overlay is an error', () => {
  const { problems, project } = read({ 'sluice.yaml': base }, 'prod')
  expect(problems.map(formatProblem)).toEqual([
    'sluice.prod.yaml:1:1 there is no overlay for the chosen environment',
  ])
  expect(project).toBeNull()
  expect(read({ 'sluice.yaml': base }, '../../etc').project).toBeNull()
})
