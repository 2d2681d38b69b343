// The reference that the targets are ratios to: node:http in, undici `Pool.request` out, and nothing else.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { Pool } from 'undici'

const [origin = ''] = process.argv.slice(2)
const pool = new Pool(origin, { pipelining: 1, keepAliveTimeout: 60_000 })
const headers = { 'content-type': 'application/json', authorization: 'Bearer sk-mock' }

const server = createServer((request, response) => {
  const parts: Buffer[] = []
  request.on('data', (part: Buffer) => parts.push(part))
  request.on('end', () => {
    const [only] = parts
    const body = parts.length === 1 && only ? only : Buffer.concat(parts)
    relay(request, response, body).catch(() => {
      if (!response.headersSent) response.writeHead(502)
      response.end()
    })
  })
})

async function relay(request: IncomingMessage, response: ServerResponse, body: Buffer) {
  const upstream = await pool.request({ path: request.url ?? '/', method: 'POST', headers, body })
  const type = String(upstream.headers['content-type'])
  response.writeHead(upstream.statusCode, { 'content-type': type })
  if (type.startsWith('text/event-stream')) {
    upstream.body.pipe(response)
    upstream.body.on('error', () => response.destroy())
    response.on('close', () => {
      if (!response.writableFinished) upstream.body.destroy()
    })
  } else response.end(Buffer.from(await upstream.body.arrayBuffer()))
}

server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  const address = server.address()
  if (typeof address === 'object' && address)
    console.log(JSON.stringify({ gateway: `http://127.0.0.1:${address.port}` }))
})
// An ordinary exit, so that `--cpu-prof` writes its file.
process.on('SIGTERM', () => process.exit(0))
