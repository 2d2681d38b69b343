// Long texts in slices, with a pause between them, so that one big prompt does not hold up everybody else.
import type { Finding, Hit } from './judge.ts'
import { TextWindow } from './window.ts'

const long = 32 * 1024
const slice = 16 * 1024
/** Hits up to this length come out as on the whole text. */
const overlap = 4 * 1024

export function isLong(text: string): boolean {
  return text.length > long
}

export interface Slicing {
  readonly lookahead: number
  readonly pause: () => Promise<void>
}

export async function inSlices(
  text: string,
  inspect: (slice: string) => Finding | undefined,
  { lookahead, pause }: Slicing,
): Promise<readonly Hit[]> {
  const window = new TextWindow({
    action: 'note',
    inspect,
    replace: () => '',
    hold: overlap,
    every: slice,
    lookahead,
    encodedRun: 'pass',
  })
  for (let at = 0; at < text.length; at += slice) {
    window.push(text.slice(at, at + slice))
    await pause()
  }
  window.end()
  return window.spans
}
