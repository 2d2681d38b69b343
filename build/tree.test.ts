// Promises about the sources that neither the compiler nor the linter can keep.
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { describe, expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')

interface Source {
  /** Relative to the root, with forward slashes. */
  readonly path: string
  /** Without comments, so that prose may name what code may not. */
  readonly code: string
}

function sources(area: string): readonly Source[] {
  let entries: ReturnType<typeof listing>
  try {
    entries = listing(join(root, area))
  } catch {
    return [] // The area does not exist yet.
  }
  return entries
    .filter(
      (entry) =>
        entry.isFile() && /\.(ts|tsx|mjs)$/.test(entry.name) && !/\.(test|d)\.tsx?$/.test(entry.name),
    )
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => ({
      path: relative(root, file).split(sep).join('/'),
      code: withoutComments(readFileSync(file, 'utf8')),
    }))
}

function listing(folder: string) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
}

/** Line by line, which is enough for formatted code and keeps line numbers. */
function withoutComments(text: string) {
  return text
    .split('\n')
    .map((line) => (/^\s*(\/?\*|\/\/)/.test(line) ? '' : line.replace(/\s\/\/ .*$/, '')))
    .join('\n')
}

/** `path:line: text` of every match, which is what a failing test should show. */
function matches(files: readonly Source[], pattern: RegExp) {
  return files.flatMap(({ path, code }) =>
    code.split('\n').flatMap((line, index) => {
      pattern.lastIndex = 0
      return pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : []
    }),
  )
}

const product = ['shared', 'main', 'nodes', 'renderer'].flatMap(sources)
const nodeTypes = [
  ...new Set(sources('nodes').flatMap(({ path }) => path.match(/^nodes\/([^/]+)\//)?.[1] ?? [])),
]

describe('the engine', () => {
  const engine = sources('main/engine')
  const literal = (types: readonly string[]) => `['"\`](?:${types.join('|')})['"\`]`

  test('does not name a node type', () => {
    const types = nodeTypes.filter((type) => type.includes('-'))
    expect(types.length > 0 ? matches(engine, new RegExp(literal(types))) : []).toEqual([])
  })

  // Types of one word ('code', 'abort', 'input') are also names of fields and events, so only a comparison counts.
  test('does not compare a type with the name of a node', () => {
    const types = nodeTypes.filter((type) => !type.includes('-'))
    const compared = new RegExp(`\\b(?:type|nodeType)\\)?\\s*[!=]==?\\s*${literal(types)}`)
    expect(types.length > 0 ? matches(engine, compared) : []).toEqual([])
  })
})

describe('vendors', () => {
  const vendors = [
    'alibaba',
    'anthropic',
    'azure',
    'bedrock',
    'cerebras',
    'cohere',
    'dashscope',
    'deepinfra',
    'deepseek',
    'fireworks-ai',
    'gemini',
    'google',
    'groq',
    'huggingface',
    'kimi',
    'llama-cpp',
    'lmstudio',
    'minimax',
    'mistral',
    'moonshot',
    'moonshotai',
    'nvidia',
    'ollama',
    'openai',
    'openrouter',
    'togetherai',
    'vertexai',
    'vllm',
    'xai',
    'zai',
  ]

  /** A surface that speaks a vendor's wire format is named after it; these files say so and nothing more. */
  const surfaces = {
    names: ['openai', 'anthropic'],
    files: [
      'main/gateway/',
      'main/publishing/',
      'shared/api/',
      'shared/errors.ts',
      'shared/project/',
      'shared/run/',
    ],
  }
  /** Lists of what is looked for in texts: the formats of vendors' keys, and the top-level domains. */
  const lists = ['main/guards/secret/', 'main/guards/text/tlds.ts']

  /** `OpenAiClient`, `openaiClient` and `OPENAI_KEY` all hold the word `openai`. */
  function words(code: string) {
    return code
      .replace(/OpenAI/g, 'Openai')
      .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
      .replaceAll('_', ' ')
  }

  test('are named in their own folder and in the surfaces that speak like them', () => {
    const pattern = (names: readonly string[]) => new RegExp(`\\b(?:${names.join('|')})\\b`, 'i')
    const others = vendors.filter((name) => !surfaces.names.includes(name))
    const files = product
      .filter(({ path }) => !['main/providers/', ...lists].some((start) => path.startsWith(start)))
      .map(({ path, code }) => ({ path, code: words(code) }))
    const surface = (path: string) => surfaces.files.some((start) => path.startsWith(start))
    expect([
      ...matches(
        files.filter(({ path }) => !surface(path)),
        pattern(vendors),
      ),
      ...matches(
        files.filter(({ path }) => surface(path)),
        pattern(others),
      ),
    ]).toEqual([])
  })
})

describe('code from text', () => {
  test('is never run', () => {
    const pattern = /(?<![\w.])eval\(|\bnew Function\b|(?<![\w.])Function\(|['"](?:node:)?vm['"]/
    expect(matches([...product, ...sources('build')], pattern)).toEqual([])
  })
})

describe('packages', () => {
  test.each([
    ['better-sqlite3', 'main/store/'],
    ['undici', 'main/outbound/'],
  ])('%s is loaded only in %s', (name, home) => {
    const files = product.filter(({ path }) => !path.startsWith(home))
    expect(
      matches(files, new RegExp(`(?:from |import |import\\(|require\\()['"]${name}(?:/[^'"]*)?['"]`)),
    ).toEqual([])
  })
})

describe('nodes', () => {
  // fetch, timers and crypto do not compile there; these are part of the language.
  test('take time and chance from ctx', () => {
    const pattern = /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(/
    expect(matches(sources('nodes'), pattern)).toEqual([])
  })
})
