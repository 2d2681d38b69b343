// Some two thousand broken requests: each is answered with a documented code or a closed connection, none with a fault
// of ours, and the gateway serves on as before.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { errorTable } from '#shared/errors.ts'
import { raw, request } from './raw.ts'
import { instant, type Stage, stage } from './support.ts'

let on: Stage
beforeAll(async () => {
  on = await stage({ engine: instant(), settings: { wrongKeysPerMinute: 1e9 } })
})
afterAll(() => on.close())

/** A small generator, so that a failure can be repeated. */
function random(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state % below
  }
}

const body = '{"input":{"question":"Hi?"},"metadata":{"a":"b"},"options":{"stream":false,"seed":1}}'
const head = () => [
  'POST /run/hello HTTP/1.1',
  `Host: 127.0.0.1:${on.gateway.port}`,
  `Authorization: Bearer ${on.key.text}`,
  'Content-Type: application/json',
]
const whole = (text: string | Buffer) => {
  const bytes = Buffer.from(text as string)
  return Buffer.concat([Buffer.from(request([...head(), `Content-Length: ${bytes.length}`])), bytes])
}

const noise = [
  '\0',
  '\r',
  '\n',
  '\r\n',
  ' ',
  '\t',
  ':',
  '"',
  '{',
  '}',
  '[',
  ']',
  '\\',
  '\\u',
  '\ud800',
  '\xff',
  '%',
  '%00',
  '..',
  '/',
  '//',
  '__proto__',
  '-',
  '0',
  '9'.repeat(40),
  'chunked',
  'Content-Length: 3\r\n',
  'Transfer-Encoding: chunked\r\n',
  'x'.repeat(300),
]

function mutate(text: string, pick: (below: number) => number): Buffer {
  let bytes = Buffer.from(text, 'latin1')
  for (let i = 0; i <= pick(3); i += 1) {
    const at = pick(bytes.length + 1)
    const piece = Buffer.from(noise[pick(noise.length)] as string, 'latin1')
    const cut = pick(4) === 0 ? pick(12) : 0
    const drop = pick(3) === 0 ? pick(6) : 0
    bytes = Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at + drop)])
    if (cut > 0) bytes = bytes.subarray(0, Math.max(1, bytes.length - cut))
  }
  return bytes
}

const documented = new Set<number>([0, 200, ...Object.values(errorTable).map(({ status }) => status)])

async function sendAll(cases: readonly Buffer[], ms: number): Promise<Map<number, number>> {
  const counts = new Map<number, number>()
  let next = 0
  const worker = async () => {
    while (next < cases.length) {
      const bytes = cases[next] as Buffer
      next += 1
      const answer = await raw(on.gateway.port, bytes, ms)
      counts.set(answer.status, (counts.get(answer.status) ?? 0) + 1)
      if (!documented.has(answer.status) || answer.status >= 500) {
        throw new Error(`${answer.status} for ${JSON.stringify(bytes.toString('latin1').slice(0, 600))}`)
      }
      if (answer.status >= 400 && answer.body !== '') {
        const { error } = JSON.parse(answer.body) as { error: { code: string; message: string } }
        expect(Object.keys(errorTable)).toContain(error.code)
        expect(answer.body).not.toMatch(/\n\s+at |node_modules|gateway\//)
      }
    }
  }
  await Promise.all(Array.from({ length: 32 }, worker))
  return counts
}

describe('broken requests', () => {
  it('with a damaged body are 400 or harmless', async () => {
    const pick = random(1)
    const cases = Array.from({ length: 1000 }, () => whole(mutate(body, pick)))
    const counts = await sendAll(cases, 2000)
    expect(counts.get(0) ?? 0).toBe(0)
    expect(counts.get(400)).toBeGreaterThan(300)
  }, 60_000)

  it('with a damaged head are refused, closed or harmless', async () => {
    const pick = random(2)
    const cases = Array.from({ length: 1000 }, () => mutate(whole(body).toString('latin1'), pick))
    const counts = await sendAll(cases, 300)
    expect(counts.get(400)).toBeGreaterThan(100)
  }, 60_000)

  it('leave everything as it was', async () => {
    expect(on.reports).toEqual([])
    expect(on.gateway.stats()).toMatchObject({ running: 0, queued: 0, kept: 0 })
    expect(({} as Record<string, unknown>).a).toBeUndefined()
    const answer = await on.post('/run/hello', JSON.parse(body))
    expect(answer.status).toBe(200)
  })
})
