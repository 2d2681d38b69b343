// The closed loop by wrk, where it is installed: it needs a third of the CPU of ours, so the shared core lasts longer.
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { line, start } from './children.ts'
import type { Target } from './connection.ts'
import type { Answers } from './load.ts'

export function hasWrk() {
  return !spawnSync('wrk', ['-v'], { stdio: 'ignore' }).error
}

export async function saturateByWrk(
  { port, path, headers, body }: Target,
  { connections, seconds, folder }: { connections: number; seconds: number; folder: string },
): Promise<Answers> {
  const script = join(folder, 'request.lua')
  writeFileSync(script, lua(headers, body))
  const args = ['-t1', `-c${connections}`, `-d${Math.max(1, Math.round(seconds))}s`, '--timeout', '5s']
  args.push('-s', script, `http://127.0.0.1:${port}${path}`)
  const child = start({ command: ['wrk', ...args] })
  const figures: readonly number[] = JSON.parse(await line(child, (seconds + 20) * 1000)).figures
  await child.ended
  const [requests = 0, us = 0, refused = 0, broken = 0, p50 = 0, p90 = 0, p99 = 0, max = 0] = figures
  const answered = requests - refused
  return {
    answered,
    failed: refused + broken,
    seconds: us / 1e6,
    latency: { count: answered, p50, p90, p99, max },
  }
}

function lua(headers: Target['headers'], body: string) {
  const lines = Object.entries(headers).map(([name, value]) => `wrk.headers["${name}"] = [==[${value}]==]`)
  return `wrk.method = "POST"
wrk.body = [==[${body}]==]
${lines.join('\n')}
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format('{"figures":[%d,%d,%d,%d,%d,%d,%d,%d]}\\n', summary.requests, summary.duration, e.status,
    e.connect + e.read + e.write + e.timeout, latency:percentile(50), latency:percentile(90),
    latency:percentile(99), latency.max))
end
`
}
