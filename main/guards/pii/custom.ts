import { AppError } from '#shared/errors.ts'
import type { PiiOptions } from '#shared/flow/definition.ts'
import { parseRegex } from '#shared/text/regex.ts'
import { bare, type Recogniser } from './candidate.ts'
import { namedChecksums } from './checksums.ts'
import { ownContext } from './context.ts'

/** A user's own kind: a pattern in linear time, and if named a checksum and words that must stand near. */
export function custom({ name, pattern, checksum, context = [] }: PiiOptions['custom'][number]): Recogniser {
  const regex = parseRegex(pattern)
  if (regex.test(''))
    throw new AppError('flow_error', { message: `The pattern of "${name}" matches an empty text.` })
  const valid = checksum === undefined ? undefined : namedChecksums[checksum]
  if (checksum !== undefined && !valid)
    throw new AppError('flow_error', {
      message: `"${name}" names an unknown checksum "${checksum}"; known are ${Object.keys(namedChecksums).join(', ')}.`,
    })
  const near = context.length === 0 ? undefined : ownContext(context)
  return (text) =>
    regex
      .find(text)
      .filter(
        ({ start, end }) =>
          (valid?.(bare(text.slice(start, end))) ?? true) && (near?.(text, start, end) ?? true),
      )
      .map(({ start, end }) => ({ start, end, kind: name, score: 0.9 }))
}
