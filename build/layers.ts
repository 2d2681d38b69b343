// Who may import whom: the table of docs/architecture as data. build/registry.ts writes it out as lint rules
// (build/lint-layers.json), because a lint override replaces the one before it and so must repeat the common rows.

interface Layer {
  readonly files: readonly string[]
  /** Import specifiers in gitignore syntax; a later `!pattern` takes some back. */
  readonly not: readonly string[]
  readonly why: string
  /** Packages that are at home here; everywhere else they are refused. */
  readonly home?: readonly Home[]
}

type Home = keyof typeof homes

const homes = {
  sql: {
    packages: ['better-sqlite3', 'kysely', 'pg', 'pg-boss', 'sqlite-vec', '@electric-sql'],
    why: 'SQL is at home in main/store.',
  },
  http: { packages: ['undici', 'aws4fetch'], why: 'Outgoing HTTP is at home in main/outbound.' },
  yaml: { packages: ['yaml'], why: 'yaml is at home in main/workspace.' },
  electron: { packages: ['electron'], why: 'electron is at home in main/desktop* and main/preload.ts.' },
  react: { packages: ['react', 'react-dom', '@mantine'], why: 'React is at home in renderer.' },
  canvas: { packages: ['@xyflow'], why: 'xyflow is at home in renderer/canvas.' },
  test: { packages: ['vitest', 'openai', '@playwright', '@axe-core'], why: 'Test tools stay in tests.' },
} as const satisfies Record<string, { packages: readonly string[]; why: string }>

const node = ['node:*', 'node:*/**']

const folders = [
  'api',
  'desktop',
  'engine',
  'experiments',
  'gateway',
  'guards',
  'outbound',
  'providers',
  'sandbox',
  'secrets',
  'store',
  'workspace',
]

/** A folder of main that sees `shared`, itself and the named folders of main. */
function folder(name: string, sees: readonly string[], home: readonly Home[] = []): Layer {
  return {
    files: [`main/${name}/**`],
    not: [
      '#main/**',
      ...[name, ...sees].map((other) => `!#main/${other}/**`),
      '#nodes/**',
      ...siblings(name),
    ],
    why: `main/${name} sees shared${sees.map((other) => `, main/${other}`).join('')} and itself; the rest comes in as parameters.`,
    home,
  }
}

/** Between folders of main the import is written `#main/…`, so that these rules see it. */
function siblings(name: string) {
  return folders.filter((other) => other !== name).map((other) => `../**/${other}/**`)
}

const page = ['#main/**', '#nodes/**', '!#nodes/definitions.ts', ...node]

/** Later rows win where two match one file. */
export const layers: readonly Layer[] = [
  { files: ['**'], not: [], why: '' },
  {
    files: ['shared/**'],
    not: ['#main/**', '#nodes/**', '#renderer/**', ...node],
    why: 'shared is a leaf: no node:, no other area.',
  },
  {
    files: ['nodes/*/*.ts'],
    not: ['#main/**', '#nodes/**', '../**', ...node],
    why: 'A run file is pure: it sees shared and its own folder. Effects come through ctx.',
  },
  {
    files: ['nodes/*/node.ts'],
    not: ['#main/**', '#nodes/**', '../**', './run.ts', ...node],
    why: 'node.ts is data: it sees shared and nothing that runs.',
  },
  folder('gateway', ['engine']),
  {
    files: ['main/engine/**'],
    not: ['#main/**', '!#main/engine/**', '#nodes/**', '!#nodes/runners.ts', ...siblings('engine')],
    why: 'main/engine sees shared and nodes/runners.ts; models, http and clock come in as parameters.',
  },
  folder('experiments', ['engine']),
  folder('providers', ['outbound']),
  folder('outbound', [], ['http']),
  folder('store', [], ['sql']),
  folder('workspace', [], ['yaml']),
  folder('guards', []),
  folder('secrets', []),
  folder('sandbox', []),
  {
    files: ['main/desktop.ts', 'main/preload.ts', 'main/desktop/**'],
    not: ['store', 'engine', 'gateway', 'providers'].flatMap((name) => [
      `#main/${name}/**`,
      `./${name}/**`,
      `../**/${name}/**`,
    ]),
    why: 'The desktop is a thin shell over the server process.',
    home: ['electron'],
  },
  {
    files: ['renderer/**'],
    not: page,
    why: 'The page runs in a plain browser: it sees shared and nodes/definitions.ts.',
    home: ['react'],
  },
  {
    files: ['renderer/canvas/**'],
    not: page,
    why: 'The page runs in a plain browser: it sees shared and nodes/definitions.ts.',
    home: ['react', 'canvas'],
  },
]

/**
 * The compiler refuses these in `shared` and `nodes` until an imported package brings Node's types along (liquidjs
 * does), so lint refuses them as well.
 */
const globals = {
  files: ['shared/**', 'nodes/**'],
  not: [
    'Buffer',
    'clearInterval',
    'clearTimeout',
    'console',
    'crypto',
    'document',
    'fetch',
    'localStorage',
    'navigator',
    'performance',
    'process',
    'queueMicrotask',
    'setImmediate',
    'setInterval',
    'setTimeout',
    'window',
  ],
  why: 'Not on every host, or not pure: take it as a parameter.',
}

/** Tests reach wherever their subject is; build scripts are no part of the product. */
const exempt = ['**/*.test.ts', '**/*.test.tsx', 'test/**', 'build/**']

const across = {
  group: ['shared', 'main', 'nodes', 'renderer'].map((area) => `../**/${area}/**`),
  message: 'Across areas write #shared/…, #main/… or #nodes/….',
}

/** The lint configuration that `build/lint.json` extends. */
export function lintLayers() {
  const deniedGlobals = Object.fromEntries(globals.not.map((name) => [name, globals.why]))
  return {
    overrides: [
      ...layers.map(override),
      {
        includes: globals.files,
        ...style({ noRestrictedGlobals: { level: 'error', options: { deniedGlobals } } }),
      },
      { includes: exempt, ...style({ noRestrictedImports: 'off', noRestrictedGlobals: 'off' }) },
    ],
  }
}

function override({ files, not, why, home = [] }: Layer) {
  const own = not.length > 0 ? [{ group: not, message: why }] : []
  const others = Object.entries(homes)
    .filter(([name]) => !home.includes(name as Home))
    .map(([, { packages, why }]) => ({
      group: packages.flatMap((name) => [name, `${name}/**`]),
      message: why,
    }))
  const patterns = [...own, across, ...others]
  return { includes: files, ...style({ noRestrictedImports: { level: 'error', options: { patterns } } }) }
}

function style(rules: Record<string, unknown>) {
  return { linter: { rules: { style: rules } } }
}
