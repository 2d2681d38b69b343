import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

const root = fileURLToPath(new URL('..', import.meta.url))

// Each process of the product that may be started from a published package is an entry of its own.
const processes = ['cli', 'server', 'worker'].filter((name) => existsSync(`${root}main/${name}.ts`))

export default defineConfig({
  root,
  cacheDir: 'node_modules/.cache/vite',
  publicDir: false,
  build: {
    ssr: true,
    target: 'node24',
    outDir: 'dist',
    emptyOutDir: true,
    minify: false,
    sourcemap: true,
    rolldownOptions: {
      input: Object.fromEntries(processes.map((name) => [name, `${root}main/${name}.ts`])),
      output: { entryFileNames: '[name].mjs', chunkFileNames: 'chunks/[name]-[hash].mjs' },
    },
  },
})
