// The listener itself: TLS, addresses, what it runs on, and its bare start and end.
import { request as httpsRequest } from 'node:https'
import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { checkRuntime } from '#main/gateway/server.ts'
import { selfSigned } from './certificate.ts'
import { raw, request } from './raw.ts'
import { stage } from './support.ts'

describe('TLS', () => {
  it('serves https, and takes its own https origin only', async () => {
    const tls = selfSigned()
    const on = await stage({ tls })
    expect(on.url).toBe(`https://127.0.0.1:${on.gateway.port}`)
    const get = (headers: Record<string, string>) => {
      const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>()
      const options = { ca: tls.cert, headers: { authorization: `Bearer ${on.key.text}`, ...headers } }
      const sent = httpsRequest(`${on.url}/openapi.json`, options, (response) => {
        let text = ''
        response.on('data', (chunk: Buffer) => {
          text += chunk.toString()
        })
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
      })
      sent.on('error', reject)
      sent.end()
      return promise
    }
    const answer = await get({ origin: on.url })
    expect(answer.status).toBe(200)
    expect(JSON.parse(answer.text)).toMatchObject({ servers: [{ url: on.url }] })
    expect((await get({ origin: on.url.replace('https', 'http') })).status).toBe(403)
    await on.close()
  })

  it('answers plain HTTP on its port with nothing', async () => {
    const on = await stage({ tls: selfSigned() })
    const plain = await raw(
      on.gateway.port,
      request(['GET /healthz HTTP/1.1', `Host: 127.0.0.1:${on.gateway.port}`]),
    )
    expect(plain.status === 0 || plain.status === 400).toBe(true)
    await on.close()
  })
})

describe('the listener', () => {
  it('binds the address it is given and no other', async () => {
    const on = await stage()
    const { promise, resolve } = Promise.withResolvers<string>()
    const elsewhere = connect(on.gateway.port, '127.0.0.2')
    elsewhere.once('connect', () => resolve('open')).once('error', () => resolve('refused'))
    expect(await promise).toBe('refused')
    elsewhere.destroy()
    await on.close()
  })

  it('gives an address that works, also when bound to every one or to a special one', async () => {
    for (const host of ['127.0.0.1', '0.0.0.0', '127.0.0.3']) {
      const on = await stage({ host })
      expect((await fetch(`${on.url}/healthz`)).status, host).toBe(200)
      const { port } = on.gateway
      const foreign = await raw(port, request(['GET /healthz HTTP/1.1', `Host: 0.0.0.0:${port}`]))
      if (host !== '127.0.0.3') expect(foreign.status).toBe(403)
      await on.close()
    }
  })

  it('says why it cannot listen', async () => {
    const on = await stage()
    await expect(stage({ port: on.gateway.port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
    await on.close()
  })

  it('does not start on a runtime with a known hole in its framing', () => {
    for (const version of ['20.19.0', '24.0.0', '24.17.9', '24.18.0']) {
      expect(() => checkRuntime(version)).toThrowError(/24\.18\.1/)
    }
    for (const version of ['24.18.1', '24.21.0', '25.0.0']) expect(() => checkRuntime(version)).not.toThrow()
  })

  it('closes twice without harm, and drops idle connections at once', async () => {
    const on = await stage()
    await fetch(`${on.url}/healthz`)
    const started = performance.now()
    await Promise.all([on.gateway.close(), on.gateway.close()])
    expect(performance.now() - started).toBeLessThan(900)
  })
})
