import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Of `package.json`, the one place it stands. */
export const appVersion: string = (
  JSON.parse(readFileSync(fileURLToPath(new URL('../package.json', import.meta.url)), 'utf8')) as {
    version: string
  }
).version
