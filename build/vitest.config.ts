import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  cacheDir: 'node_modules/.cache/vite',
  test: {
    include: ['{build,shared,nodes,main,test}/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**', 'test/e2e/**', 'test/fixtures/**'],
    environment: 'node',
    // Processes, not threads: better-sqlite3 handles and worker threads of the product end with their test file.
    pool: 'forks',
    maxWorkers: 2,
    bail: 0,
    // A hang is found all the same; a shared machine may be ten times slower than a quiet one.
    testTimeout: 90_000,
    hookTimeout: 20_000,
    passWithNoTests: true,
  },
})
