import { AppError } from '#shared/errors.ts'

/** Says what to do about an address that cannot be had. */
export async function listening<T>(
  at: { readonly host: string; readonly port: number },
  options: { readonly port: string; readonly host?: string },
  start: () => Promise<T>,
): Promise<T> {
  try {
    return await start()
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    const other = `Give another one: ${options.port} <n> (0 picks a free one).`
    const address = `This machine has no address "${at.host}". Give another one: ${options.host ?? options.port} <address>.`
    const message = {
      EADDRINUSE: `Port ${at.port} is in use by another program. ${other}`,
      EACCES: `Port ${at.port} may not be used by this user. ${other}`,
      EADDRNOTAVAIL: address,
      ENOTFOUND: address,
      EAI_AGAIN: address,
    }[code ?? '']
    if (message === undefined) throw cause
    throw new AppError('conflict', { message, cause })
  }
}
