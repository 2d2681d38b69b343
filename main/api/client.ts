// The control contract over HTTP, for the command line.
import { request } from 'node:http'
import { type Control, controlContract, type Operation } from '#shared/api/control.ts'
import { type AnyCode, AppError } from '#shared/errors.ts'
import type { ServerFile } from './server-file.ts'

/** Undefined when nothing answers at the address (the server was killed and left its file). */
export async function connectControl(server: ServerFile): Promise<Control | undefined> {
  const call = (name: Operation) => (input: unknown) => post(server, name, input)
  const control = Object.fromEntries(
    (Object.keys(controlContract) as Operation[]).map((name) => [name, call(name)]),
  ) as unknown as Control
  try {
    await control.status({})
    return control
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.code !== 'upstream_unavailable') throw thrown
    return undefined
  }
}

function post(server: ServerFile, name: Operation, input: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const body = JSON.stringify(input)
    const outgoing = request(
      `${server.control}/control/${name}`,
      {
        method: 'POST',
        headers: {
          authorization: `Bearer ${server.token}`,
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
        },
        timeout: 60_000,
      },
      (response) => {
        const parts: Buffer[] = []
        response.on('data', (part: Buffer) => parts.push(part))
        response.on('error', reject)
        response.on('end', () => {
          const answer = JSON.parse(Buffer.concat(parts).toString('utf8')) as {
            error?: { code: AnyCode; message: string; details?: Record<string, never> }
          }
          if (response.statusCode === 200) resolve(answer)
          else
            reject(
              new AppError(answer.error?.code ?? 'internal', {
                message: answer.error?.message ?? 'The server gave no reason.',
                details: answer.error?.details ?? {},
              }),
            )
        })
      },
    )
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer for 60 s')))
    outgoing.on('error', (cause) =>
      reject(
        new AppError('upstream_unavailable', {
          message: `The running server does not answer: ${cause.message}.`,
          cause,
        }),
      ),
    )
    outgoing.end(body)
  })
}
