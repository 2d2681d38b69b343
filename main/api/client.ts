// The control contract over HTTP, for the command line.
import { request } from 'node:http'
import { type Control, controlContract, type Operation } from '#shared/api/control.ts'
import { type AnyCode, AppError } from '#shared/errors.ts'
import type { JsonObject } from '#shared/json.ts'
import type { ServerFile } from './server-file.ts'

/** How long a server may take to answer. A publish in a large workspace takes seconds, telling the status none. */
const patienceMs = { status: 5_000, work: 60_000 }

/**
 * Undefined when the server of the file is gone: it was killed, and left its file and its port to anybody.
 * @throws AppError when something holds the port and says nothing: a server that hangs must not be passed by
 */
export async function connectControl(
  server: ServerFile,
  patience = patienceMs,
): Promise<Control | undefined> {
  const call = (name: Operation) => (input: unknown) => post(server, name, input, patience.work)
  try {
    const status = await post(server, 'status', {}, patience.status)
    if (!controlContract.status.output.safeParse(status).success) return undefined
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.details.reason === 'silent') throw thrown
    // Refused, or answered by a stranger who does not know the token.
    return undefined
  }
  return Object.fromEntries(
    (Object.keys(controlContract) as Operation[]).map((name) => [name, call(name)]),
  ) as unknown as Control
}

function post(server: ServerFile, name: Operation, input: unknown, patience: number): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const body = JSON.stringify(input)
    const silent = () =>
      outgoing.destroy(
        new AppError('upstream_unavailable', {
          message: `The server of this workspace (process ${server.pid}) does not answer. Wait, or stop that process, then try again.`,
          details: { reason: 'silent' },
        }),
      )
    const outgoing = request(
      `${server.control}/control/${name}`,
      {
        method: 'POST',
        headers: {
          authorization: `Bearer ${server.token}`,
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
        },
        timeout: patience,
      },
      (response) => {
        const parts: Buffer[] = []
        response.on('data', (part: Buffer) => parts.push(part))
        response.on('error', reject)
        response.on('end', () => {
          const answer = answerOf(Buffer.concat(parts).toString('utf8'))
          if (answer && response.statusCode === 200) resolve(answer.value)
          else
            reject(
              new AppError(answer?.error?.code ?? 'internal', {
                message: answer?.error?.message ?? 'The server gave no reason.',
                details: answer?.error?.details ?? {},
              }),
            )
        })
      },
    )
    outgoing.on('timeout', silent)
    outgoing.on('error', (cause) =>
      reject(
        cause instanceof AppError
          ? cause
          : new AppError('upstream_unavailable', {
              message: `The running server went away before it answered (${cause.message}). Look whether the change is there, then try again.`,
              cause,
            }),
      ),
    )
    outgoing.end(body)
  })
}

interface Answer {
  readonly value: unknown
  readonly error?: { readonly code: AnyCode; readonly message: string; readonly details?: JsonObject }
}

/** Undefined for what no control listener says: another program may have the port by now. */
function answerOf(text: string): Answer | undefined {
  try {
    const value = JSON.parse(text) as { error?: Answer['error'] } | null
    return { value, ...(value?.error ? { error: value.error } : {}) }
  } catch {
    return undefined
  }
}
