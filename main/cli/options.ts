// Values of options that are more than a text.
import { AppError } from '#shared/errors.ts'

export function port(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const number = Number(text)
  if (!/^\d{1,5}$/.test(text) || number > 65_535)
    throw new AppError('invalid_request', {
      message: `${option} takes a port from 0 to 65535, not "${text}".`,
    })
  return number
}

export function oneOf<Name extends string>(option: string, text: string, names: readonly Name[]): Name {
  const found = names.find((name) => name === text)
  if (found === undefined)
    throw new AppError('invalid_request', {
      message: `${option} takes ${names.join(', ')}, not "${text}".`,
    })
  return found
}
