import { existsSync } from 'node:fs'
import { dirname, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

const root = fileURLToPath(new URL('..', import.meta.url))

// Each process of the product that may be started from a published package is an entry of its own.
const processes = ['cli', 'server', 'worker'].filter((name) => existsSync(`${root}main/${name}.ts`))

/** Data files stay where they are in the package: a module finds them from the folder of its source, not of its chunk. */
const sourceFolders = {
  name: 'source-folders',
  transform(code: string, id: string) {
    if (!id.startsWith(root) || !code.includes('import.meta.dirname')) return null
    const folder = relative(root, dirname(id)).split(sep).join('/')
    const found = `(import.meta.dirname.replace(/[\\\\/]dist([\\\\/]chunks)?$/, '') + '/${folder}')`
    return { code: code.replaceAll('import.meta.dirname', found), map: null }
  },
}

export default defineConfig({
  root,
  plugins: [sourceFolders],
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
