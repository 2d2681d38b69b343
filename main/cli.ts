#!/usr/bin/env node
// `sluice …`: the command line, and the contract for scripts. Each command is one file in `cli/`, loaded when it is called.
import { enableCompileCache } from 'node:module'
import { Command, Option } from 'commander'
import { finish } from './cli/exit.ts'
import { appVersion } from './version.ts'

enableCompileCache()

// `sluice … | head` closes the pipe early: that is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit()
  throw error
})

const program = new Command('sluice')
  .description('Draw, test and serve LLM flows on your own machine.')
  .version(appVersion)
  .showHelpAfterError('(sluice --help lists the commands)')
  .exitOverride((error) => {
    process.exitCode = error.exitCode === 0 ? 0 : 2
    throw error
  })

const asJson = new Option('--json', 'machine-readable output')
const withStore = new Option('--store <file>', 'the store, if it is not <folder>/.sluice/store.db')
const withEnv = new Option('--env <name>', 'lay sluice.<name>.yaml over sluice.yaml')

program
  .command('init')
  .description('make a workspace folder')
  .argument('<folder>')
  .option('--template <name>', 'support-answer, team-chat, ticket-triage, or demo for all three')
  .action((folder: string, options) =>
    finish(async () => (await import('./cli/init.ts')).init(folder, options)),
  )

program
  .command('check')
  .description('report every problem of a workspace; exit 1 if there are errors')
  .argument('<folder>')
  .addOption(asJson)
  .addOption(withEnv)
  .option('--strict', 'warnings count as errors')
  .action((folder: string, options) =>
    finish(async () => (await import('./cli/check.ts')).check(folder, options)),
  )

program
  .command('fmt')
  .description('bring all files into canonical form')
  .argument('<folder>')
  .option('--check', 'change nothing; exit 1 and list the files that would change')
  .action((folder: string, options) =>
    finish(async () => (await import('./cli/fmt.ts')).format(folder, options)),
  )

program
  .command('serve')
  .description('serve the published endpoints of a workspace')
  .argument('<folder>')
  .option('--studio-port <n>', 'control port; 0 picks a free one', '7420')
  .option(
    '--gateway-port <n>',
    'gateway port; 0 picks a free one (default: gateway.listen of sluice.yaml, else 7421)',
  )
  .option('--host <host>', 'address of the gateway (default: gateway.listen of sluice.yaml, else 127.0.0.1)')
  .option('--no-studio', 'no studio; the command line still reaches the server')
  .addOption(withStore)
  .addOption(withEnv)
  .addOption(asJson)
  .action((folder: string, options) =>
    finish(async () => (await import('./cli/serve.ts')).serve(folder, options)),
  )

program
  .command('start')
  .description('open the demo workspace (made on the first start) and serve it')
  .option('--folder <folder>', 'another workspace (default: demo in $SLUICE_HOME or ~/Sluice)')
  .option('--studio-port <n>', 'control port; 0 picks a free one', '7420')
  .option(
    '--gateway-port <n>',
    'gateway port; 0 picks a free one (default: gateway.listen of sluice.yaml, else 7421)',
  )
  .action((options) => finish(async () => (await import('./cli/start.ts')).start(options)))

program
  .command('publish')
  .description('freeze the draft of a flow as a Version and move a label to it')
  .argument('<folder>')
  .argument('<flow>')
  .option('--label <label>', 'label to move', 'production')
  .option('--note <text>', 'what changed')
  .option('--author <name>', 'who publishes')
  .option('--endpoint <slug>', 'the endpoint, where several serve the flow')
  .addOption(asJson)
  .addOption(withStore)
  .addOption(withEnv)
  .action((folder: string, flow: string, options) =>
    finish(async () => (await import('./cli/publish.ts')).publishFlow(folder, flow, options)),
  )

program
  .command('run')
  .description('run the draft of a flow once, here')
  .argument('<folder>')
  .argument('<flow>', 'slug, or slug@version, or slug@label')
  .option('--input <json>', 'JSON text, @file, or - for standard input; plain text fills the only text field')
  .option('--stream', 'print the answer as it arrives')
  .option('--record <file>', 'write the effects of the run to a cassette')
  .option('--replay <file>', 'take all effects from a cassette; no network')
  .option('--speed <speed>', 'full or recorded: how fast replayed streams run', 'full')
  .addOption(asJson)
  .addOption(withStore)
  .addOption(withEnv)
  .action((folder: string, flow: string, options) =>
    finish(async () => (await import('./cli/run.ts')).runFlow(folder, flow, options)),
  )

const runs = program.command('runs').description('logged runs')
runs
  .command('list')
  .argument('<folder>')
  .option('--endpoint <slug>')
  .option('--state <state>', 'completed or failed')
  .option('--code <code>', 'error code')
  .option('--limit <n>', 'how many, newest first', '20')
  .addOption(asJson)
  .addOption(withStore)
  .action((folder: string, options) =>
    finish(async () => (await import('./cli/runs.ts')).listRuns(folder, options)),
  )
runs
  .command('show')
  .argument('<folder>')
  .argument('<id>')
  .addOption(asJson)
  .addOption(withStore)
  .action((folder: string, id: string, options) =>
    finish(async () => (await import('./cli/runs.ts')).showRun(folder, id, options)),
  )

const key = program.command('key').description('keys of callers')
key
  .command('create')
  .argument('<folder>')
  .requiredOption('--consumer <name>', 'who calls with it')
  .option(
    '--scopes <list>',
    'comma-separated: run, cost, trace, draft, pick_variant, models, mcp, batch, proxy (default: run,mcp)',
  )
  .option('--expires <time>', 'ISO time with zone')
  .addOption(asJson)
  .addOption(withStore)
  .action((folder: string, options) =>
    finish(async () => (await import('./cli/key.ts')).createKey(folder, options)),
  )
key
  .command('list')
  .argument('<folder>')
  .addOption(asJson)
  .addOption(withStore)
  .action((folder: string, options) =>
    finish(async () => (await import('./cli/key.ts')).listKeys(folder, options)),
  )
key
  .command('revoke')
  .argument('<folder>')
  .argument('<id>')
  .addOption(asJson)
  .addOption(withStore)
  .action((folder: string, id: string, options) =>
    finish(async () => (await import('./cli/key.ts')).revokeKey(folder, id, options)),
  )

const secret = program.command('secret').description('values behind secret:<name> references')
secret
  .command('set')
  .description('read the value from standard input and seal it')
  .argument('<folder>')
  .argument('<name>')
  .addOption(asJson)
  .addOption(withStore)
  .action((folder: string, name: string, options) =>
    finish(async () => (await import('./cli/secret.ts')).setSecret(folder, name, options)),
  )
secret
  .command('list')
  .argument('<folder>')
  .addOption(asJson)
  .addOption(withStore)
  .action((folder: string, options) =>
    finish(async () => (await import('./cli/secret.ts')).listSecrets(folder, options)),
  )
secret
  .command('remove')
  .argument('<folder>')
  .argument('<name>')
  .addOption(asJson)
  .addOption(withStore)
  .action((folder: string, name: string, options) =>
    finish(async () => (await import('./cli/secret.ts')).removeSecret(folder, name, options)),
  )

const connection = program.command('connection').description('credentials and addresses of providers')
connection
  .command('list')
  .argument('<folder>')
  .addOption(asJson)
  .addOption(withStore)
  .addOption(withEnv)
  .action((folder: string, options) =>
    finish(async () => (await import('./cli/connection.ts')).listConnections(folder, options)),
  )
connection
  .command('test')
  .description('make the smallest real call')
  .argument('<folder>')
  .argument('<name>')
  .option('--model <id>')
  .addOption(asJson)
  .addOption(withStore)
  .addOption(withEnv)
  .action((folder: string, name: string, options) =>
    finish(async () => (await import('./cli/connection.ts')).testConnection(folder, name, options)),
  )
connection
  .command('models')
  .argument('<folder>')
  .argument('<name>')
  .addOption(asJson)
  .addOption(withStore)
  .addOption(withEnv)
  .action((folder: string, name: string, options) =>
    finish(async () => (await import('./cli/connection.ts')).listModels(folder, name, options)),
  )

program
  .command('simulator')
  .description('run the simulated model server alone (no real model stands behind it)')
  .option('--port <n>', 'port; 0 picks a free one', '7422')
  .addOption(asJson)
  .action((options) => finish(async () => (await import('./cli/simulator.ts')).simulator(options)))

program
  .command('routes')
  .description('every route of the gateway and the control listener')
  .addOption(asJson)
  .action((options) => finish(async () => (await import('./cli/routes.ts')).routes(options)))

program
  .command('audit')
  .description('verify the chain of keys, secrets and publishes')
  .argument('<folder>')
  .addOption(asJson)
  .addOption(withStore)
  .action((folder: string, options) =>
    finish(async () => (await import('./cli/audit.ts')).audit(folder, options)),
  )

// Nobody has to listen: `sluice runs list … | head` has seen enough, and a server outlives the terminal it was started in.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (thrown: NodeJS.ErrnoException) => {
    if (thrown.code !== 'EPIPE' && thrown.code !== 'EIO') throw thrown
  })

try {
  await program.parseAsync(process.argv)
} catch (thrown) {
  // Commander has written its message; the exit code is set above.
  if (!(thrown instanceof Error) || !thrown.name.startsWith('Commander')) throw thrown
}
