// Tells when files of a workspace change. One watcher for each folder: the recursive mode of Node walks folders that are
// none of ours, and loses track when a watched one is replaced.
import { type FSWatcher, readdirSync, statSync, watch } from 'node:fs'
import { join } from 'node:path'
import { knownFolders } from './folder.ts'
import { temporaryPrefix } from './write.ts'

const quietMs = 50
/** How soon a workspace folder that disappeared is looked for again. */
const returnMs = 500
const maxDepth = 8

/**
 * Calls back with the paths (relative, `/`) that changed, once it was quiet for 50 ms; a folder stands for everything in
 * it and `.` for the workspace. The returned function ends it.
 */
export function watchWorkspace(folder: string, onChange: (paths: readonly string[]) => void): () => void {
  const watched = new Map<string, { readonly watcher: FSWatcher; readonly identity: string }>()
  const changed = new Set<string>()
  let timer: NodeJS.Timeout | undefined
  let away: NodeJS.Timeout | undefined

  const report = (path: string) => {
    changed.add(path)
    clearTimeout(timer)
    timer = setTimeout(() => {
      attach()
      const paths = [...changed].sort()
      changed.clear()
      onChange(paths)
    }, quietMs)
  }

  /** Watches folders that are new or were replaced, and lets go of those that are gone. */
  function attach(): void {
    const wanted = foldersOf(folder)
    for (const [path, { watcher, identity }] of watched) {
      if (wanted.get(path) === identity) continue
      watcher.close()
      watched.delete(path)
    }
    for (const [path, identity] of wanted) if (!watched.has(path)) open(path, identity)
    clearTimeout(away)
    if (wanted.size === 0) away = setTimeout(comeBack, returnMs).unref()
  }

  function comeBack(): void {
    attach()
    if (watched.size > 0) report('.')
  }

  function open(path: string, identity: string): void {
    try {
      const watcher = watch(join(folder, path), { persistent: false }, (_event, name) => {
        if (name === null) report(path === '' ? '.' : path)
        else if (concerns(path, name)) report(path === '' ? name : `${path}/${name}`)
      })
      watcher.on('error', () => report(path === '' ? '.' : path))
      watched.set(path, { watcher, identity })
    } catch {
      // It disappeared between listing and watching; whoever watches its parent reports that.
    }
  }

  attach()
  return () => {
    clearTimeout(timer)
    clearTimeout(away)
    for (const { watcher } of watched.values()) watcher.close()
    watched.clear()
  }
}

/** Our own temporary files are no change, nor is what stands in the top folder beside the workspace. */
function concerns(path: string, name: string): boolean {
  if (name.startsWith(temporaryPrefix)) return false
  return path !== '' || isTopLevel(name) || /^sluice(\..+)?\.ya?ml$/.test(name)
}

function isTopLevel(name: string): boolean {
  return (knownFolders as readonly string[]).includes(name)
}

/** Folders with what tells one from another of the same name. Empty when the workspace itself is gone. */
function foldersOf(folder: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  const visit = (path: string, depth: number): void => {
    const identity = identityOf(join(folder, path))
    if (identity === undefined) return
    found.set(path, identity)
    if (depth > maxDepth) return
    for (const name of childFolders(join(folder, path))) {
      if (path === '' ? isTopLevel(name) : !name.startsWith('.'))
        visit(path === '' ? name : `${path}/${name}`, depth + 1)
    }
  }
  visit('', 0)
  return found
}

/** File systems give the inode of a deleted folder to the next one, so the time of birth counts too. */
function identityOf(path: string): string | undefined {
  const facts = statSync(path, { throwIfNoEntry: false })
  return facts && `${facts.dev}:${facts.ino}:${facts.birthtimeMs}`
}

function childFolders(path: string): string[] {
  try {
    const entries = readdirSync(path, { withFileTypes: true })
    return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
  } catch {
    return []
  }
}
