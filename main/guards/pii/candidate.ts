import type { Span } from '#shared/flow/definition.ts'

/** Looks at the plain view of a text and reports what it recognises. */
export type Recogniser = (text: string) => readonly Span[]

export function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}

/** Letters and digits of any script, and `_`. */
export function isWordAt(text: string, index: number): boolean {
  if (index < 0 || index >= text.length) return false
  const code = text.charCodeAt(index)
  if (code < 128)
    return isDigit(code) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code === 95
  return /[\p{L}\p{N}]/u.test(text.charAt(index))
}

/** Does the range stand by itself, not inside a longer word or number? */
export function standsAlone(text: string, start: number, end: number): boolean {
  return !isWordAt(text, start - 1) && !isWordAt(text, end)
}

export function bare(text: string): string {
  return text.replace(/[^A-Za-z0-9]/g, '')
}
