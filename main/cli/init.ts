// `sluice init`: a workspace folder, empty or from a template. Never overwrites a file.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative, resolve, sep } from 'node:path'
import { formatText } from '#main/workspace/canonical.ts'
import { initWorkspace } from '#main/workspace/write.ts'
import { AppError } from '#shared/errors.ts'
import type { ExitCode } from './exit.ts'
import { command, line, note } from './print.ts'

const templates = ['support-answer', 'team-chat', 'ticket-triage'] as const
type Template = (typeof templates)[number]

const templateFolder = join(import.meta.dirname, '..', 'templates')

export function init(folder: string, options: { readonly template?: string }): ExitCode {
  const made = createWorkspace(folder, options.template)
  for (const file of made) line(file)
  const flows = made.flatMap((file) => /^flows\/(.*)\.flow\.yaml$/.exec(file)?.[1] ?? [])
  note(`Workspace made in ${folder}. Next:`)
  for (const flow of flows.length > 0 ? flows : ['<flow>']) note(`  ${command()} publish ${folder} ${flow}`)
  note(`  ${command()} key create ${folder} --consumer me`)
  note(`  ${command()} serve ${folder}`)
  return 0
}

/** Writes the files of a template (`demo`: all of them) and returns their paths relative to the folder. */
export function createWorkspace(folder: string, template: string | undefined): readonly string[] {
  if (existsSync(join(folder, 'sluice.yaml'))) {
    throw new AppError('conflict', {
      message: `"${folder}" is a workspace already: it has a sluice.yaml. Nothing was written.`,
    })
  }
  const chosen = choose(template)
  const files = new Map<string, string>([
    ['sluice.yaml', formatText('project', project(chosen)) ?? project(chosen)],
  ])
  for (const name of chosen) for (const [path, text] of read(name)) files.set(path, text)
  return initWorkspace(resolve(folder), files)
}

function choose(template: string | undefined): readonly Template[] {
  if (template === undefined) return []
  if (template === 'demo') return templates
  const found = templates.find((name) => name === template)
  if (!found)
    throw new AppError('invalid_request', {
      message: `There is no template "${template}". Known: ${['demo', ...templates].join(', ')}.`,
    })
  return [found]
}

function read(name: Template): readonly (readonly [string, string])[] {
  const root = join(templateFolder, name)
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => [relative(root, path).split(sep).join('/'), readFileSync(path, 'utf8')] as const)
}

function project(chosen: readonly Template[]): string {
  const demo = chosen.length === templates.length
  const prompts = chosen.includes('support-answer')
    ? 'prompts: { answer: { labels: { production: 1 } } }\n'
    : ''
  const consumers = demo
    ? 'consumers:\n  demo: { keys: [{ id: demo, secret: secret:demo_key, scopes: [run, cost, trace, draft] }] }\n'
    : ''
  return `format: sluice/project@1\nname: ${demo ? 'Demo' : 'My workspace'}\nconnections:\n  demo: { provider: simulator }\n${prompts}${consumers}`
}
