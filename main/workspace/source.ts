// A file of the workspace as text, with its problems and places.

import { isUtf8 } from 'node:buffer'
import { readFileSync, statSync } from 'node:fs'
import type { FileProblem } from '#shared/flow/diagnostics.ts'
import type { LocatedProblem } from './judge.ts'
import { type Position, positionsOf } from './positions.ts'
import type { YamlText } from './yaml-parse.ts'
import { type DocumentPath, offsetOf, pathAt } from './yaml-tree.ts'

export interface SourceFile {
  /** Relative to the folder, with `/`. */
  readonly file: string
  readonly text: string
  /** Line and column of a path in the document; what is missing is shown at the nearest thing that is there. */
  place(path: DocumentPath, kind?: 'key' | 'value'): Position
  /** The path of what stands at an offset; the line number in files that are no document. */
  pathAt(offset: number): DocumentPath
}

export function yamlSource(file: string, yaml: YamlText): SourceFile {
  return {
    file,
    text: yaml.text,
    place: (path, kind) => yaml.position(offsetOf(yaml.root, path, kind)),
    pathAt: (offset) => pathAt(yaml.root, offset),
  }
}

/** A file that has lines and no further structure. */
export function plainSource(file: string, text: string): SourceFile {
  const position = positionsOf(text)
  return { file, text, place: () => ({ line: 1, column: 1 }), pathAt: (offset) => [position(offset).line] }
}

export function problemAt(file: string, found: LocatedProblem): FileProblem {
  const { code, severity, message, path, line, column } = found
  return { code, severity, message, file, line, column, at: path.length === 0 ? {} : { path } }
}

export function fileProblem(
  file: string,
  code: FileProblem['code'],
  message: string,
  at: Position = { line: 1, column: 1 },
): FileProblem {
  return { code, severity: 'error', message, file, ...at, at: {} }
}

export type Loaded = { readonly text: string } | { readonly problem: FileProblem } | 'gone'

/** The text of a file within its size limit. A file that disappeared meanwhile is no problem. */
export function loadText(path: string, file: string, maxBytes: number): Loaded {
  let bytes: Buffer
  try {
    const { size } = statSync(path)
    if (size > maxBytes) {
      const message = `the file has ${size} bytes; the limit is ${maxBytes / 1024 / 1024} MiB`
      return { problem: fileProblem(file, 'file_limit', message) }
    }
    bytes = readFileSync(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return 'gone'
    return { problem: fileProblem(file, 'syntax', `the file cannot be read (${code ?? 'unknown reason'})`) }
  }
  if (isUtf8(bytes)) return { text: bytes.toString('utf8') }
  return { problem: fileProblem(file, 'syntax', 'the file is not UTF-8 here', firstBadByte(bytes)) }
}

function firstBadByte(bytes: Buffer): Position {
  const text = bytes.toString('utf8')
  const again = Buffer.from(text, 'utf8')
  let at = 0
  while (at < bytes.length && bytes[at] === again[at]) at += 1
  // Inside a character that both begin with the same bytes: the place is the start of that character.
  const good = bytes
    .subarray(0, at)
    .toString('utf8')
    .replace(/\uFFFD+$/, '')
  return positionsOf(good)(good.length)
}
