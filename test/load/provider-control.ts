// The provider runs in a process of its own; this is the harness's end of the wire to it.
import { once } from 'node:events'
import { join } from 'node:path'
import { start } from './children.ts'
import type { Pace } from './provider.ts'

export interface ProviderControl {
  readonly port: number
  /** POST requests it has taken so far. */
  calls(): Promise<number>
  pace(next: Pace): Promise<void>
}

export async function startProvider(): Promise<ProviderControl> {
  const { process: child, ended } = start({
    command: [process.execPath, join(import.meta.dirname, 'provider.ts')],
    ipc: true,
  })
  const gone = ended.then(() => {
    throw new Error('the provider ended')
  })
  gone.catch(() => {}) // Heard where an answer is waited for.
  const hear = async (field: 'port' | 'calls') => {
    const [message]: unknown[] = await Promise.race([once(child, 'message'), gone])
    const value =
      typeof message === 'object' && message !== null && (message as Record<string, unknown>)[field]
    if (typeof value !== 'number') throw new Error(`the provider said ${JSON.stringify(message)}`)
    return value
  }
  const ask = (message: { readonly pace?: Pace }) => {
    const answer = hear('calls')
    child.send(message)
    return answer
  }
  return {
    port: await hear('port'),
    calls: () => ask({}),
    pace: async (pace) => {
      await ask({ pace })
    },
  }
}
