#!/usr/bin/env node
// The `sluice` command. A published package carries the bundle and no sources; a clone runs its sources,
// so that an old bundle in dist/ is never mistaken for them.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ensureInstalled, pickNode, root, runScript } from './bootstrap.mjs'

const source = join(root, 'main', 'cli.ts')
const inClone = existsSync(source)
if (inClone) await ensureInstalled()
await runScript(pickNode(), inClone ? source : join(root, 'dist', 'cli.mjs'), process.argv.slice(2))
