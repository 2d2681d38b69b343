// `npm start` as a newcomer meets it: the printed line works, and an interrupted first start does no harm.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Answer, call, folderOf, sluice, started } from './sluice.ts'

let home: ReturnType<typeof folderOf>
beforeAll(() => {
  home = folderOf({})
})
afterAll(() => home.remove())

const start = () =>
  started(['start', '--gateway-port', '0', '--studio-port', '0'], { SLUICE_HOME: home.path })

/** What the printed curl line says, sent as curl would. */
function sent(output: string): Promise<Answer> {
  const line = /curl -s (\S+) -H "Authorization: (.*?)" \\\n.*-H "Content-Type: (.*?)" -d '(.*)'/.exec(output)
  const [, url = '', authorization = '', type = '', body = ''] = line ?? []
  return call(url, { body, headers: { authorization, 'content-type': type } })
}

describe('start', () => {
  it('makes the demo, serves it and prints a line that works; the next time with the same key', async () => {
    // The first start was stopped half-way once; what it left is not taken for the demo.
    mkdirSync(join(home.path, 'demo.making'))
    writeFileSync(join(home.path, 'demo.making', 'sluice.yaml'), 'half')
    const keys: (string | undefined)[] = []
    for (const _ of ['first', 'second']) {
      const running = await start()
      await expect.poll(() => running.output()).toContain('Stop with Ctrl+C.')
      const reply = await sent(running.output())
      expect(reply.status).toBe(200)
      expect(reply.json()).toMatchObject({
        endpoint: 'support-answer',
        version: 1,
        output: { answer: expect.stringMatching(/^\(Simulated\) .*parcel 4711/) },
      })
      keys.push(/slk_\w+/.exec(running.output())?.[0])
      expect(await running.stop()).toBe(0)
    }
    expect(keys[0]).toBe(keys[1])
    expect(readdirSync(home.path)).toEqual(['demo'])
  }, 30_000)

  it('made a workspace that has no problems and is in canonical form', async () => {
    const demo = join(home.path, 'demo')
    expect(await sluice(['check', demo, '--strict'])).toEqual({ code: 0, out: '', err: 'No problems.\n' })
    expect(await sluice(['fmt', demo, '--check'])).toEqual({ code: 0, out: '', err: '' })
  })

  it('does not put the demo among the files of somebody', async () => {
    const own = folderOf({ 'demo/letter.txt': 'Dear' })
    const refused = await sluice(['start', '--gateway-port', '0'], { env: { SLUICE_HOME: own.path } })
    expect([refused.code, refused.err]).toEqual([2, expect.stringMatching(/there are other files/)])
    expect(readdirSync(own.path, { recursive: true })).toEqual(['demo', join('demo', 'letter.txt')])
    own.remove()
  })
})
