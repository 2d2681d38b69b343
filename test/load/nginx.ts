// A reverse proxy in C, one worker: how far one core could go. Measured only where nginx is installed.
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { start } from './children.ts'
import { type Contestant, proxyRequests } from './contestant.ts'

export const nginx: Contestant = {
  name: 'nginx',
  missing: () => (spawnSync('nginx', ['-v'], { stdio: 'ignore' }).error ? 'not installed' : undefined),
  start: async ({ folder, providerPort, cores }) => {
    const port = await freePort()
    const home = join(folder, 'nginx')
    mkdirSync(home, { recursive: true })
    writeFileSync(join(home, 'nginx.conf'), configuration(home, port, providerPort))
    const command = ['nginx', '-p', home, '-e', 'stderr', '-c', join(home, 'nginx.conf')]
    const child = start({ command, core: cores?.gateway })
    return { child, requests: proxyRequests(port, '/stream/v1/chat/completions') }
  },
}

function configuration(home: string, port: number, providerPort: number) {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  return `daemon off;
worker_processes 1;
pid ${home}/nginx.pid;
error_log stderr warn;
events { worker_connections 4096; }
http {
  access_log off;
  keepalive_requests 1000000000;
  client_max_body_size 1m;
  client_body_buffer_size 256k;
  ${temporary.map((name) => `${name}_temp_path ${home}/${name};`).join('\n  ')}
  upstream provider { server 127.0.0.1:${providerPort}; keepalive 1024; keepalive_requests 1000000000; }
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / { proxy_pass http://provider; }
    location /stream/ { proxy_buffering off; proxy_pass http://provider/; }
  }
}
`
}

/** nginx cannot be asked for port 0. Somebody could take this one first; then nginx says so and the run names it. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
