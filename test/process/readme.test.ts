// What README.md says, done literally.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { call, folderOf, serve, sluice } from './sluice.ts'

const text = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
const block = (language: string, holding: string): string => {
  const blocks = [...text.matchAll(/```(\w+)\n([\s\S]*?)```/g)].filter(([, name]) => name === language)
  return blocks.find(([, , body]) => body?.includes(holding))?.[2] ?? ''
}
const home = folderOf({})
afterAll(() => home.remove())
const folder = join(home.path, 'my-flows')

describe('the README', () => {
  it('leads to a first endpoint in five commands and one curl line', async () => {
    const lines = block('sh', 'init my-flows')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => (line.split('#')[0] ?? '').trim().replace('npm run --silent sluice -- ', '').split(' '))
    expect(lines.map(([name]) => name)).toEqual(['init', 'check', 'publish', 'key', 'serve'])
    let key = ''
    for (const args of lines.slice(0, -1)) {
      const done = await sluice(args.map((arg) => (arg === 'my-flows' ? folder : arg)))
      expect([args[0], done.code]).toEqual([args[0], 0])
      key = /slk_\w+/.exec(done.out)?.[0] ?? key
    }
    const server = await serve(folder)
    const [, path = '', body = ''] =
      /curl -s http:\/\/127\.0\.0\.1:7421(\S+)[\s\S]*-d '(.*)'/.exec(block('sh', 'curl -s')) ?? []
    const reply = await call(server.gateway + path, { key, body })
    expect(reply.json()).toMatchObject({ output: { answer: expect.stringContaining('kim@example.com') } })
    const connection = await sluice(['connection', 'test', folder, 'demo'])
    expect([connection.code, connection.out]).toEqual([0, expect.stringMatching(/^demo answered in/)])
    await server.stop()
  }, 30_000)

  it('shows a connection and a flow that the check has nothing to say against', async () => {
    const head = 'format: sluice/flow@1\nname: Shown\nslug: shown\n'
    const own = folderOf({
      'sluice.yaml': `format: sluice/project@1\nname: Shown\n${block('yaml', 'connections:')}  lab: { provider: ollama }\n`,
      'flows/shown.flow.yaml': head + block('yaml', 'try_1'),
      'versions/prompts/answer/3.prompt.md':
        '---\nformat: sluice/prompt@1\nvariables: { question: { type: text } }\n---\n=== user\n{{ question }}\n',
    })
    const checked = await sluice(['check', own.path], { env: { SLUICE_SECRET_OPENAI_KEY: 'x' } })
    expect(checked.out.replaceAll(/^.* warning: .*\n/gm, '')).toBe('')
    expect(checked.code).toBe(0)
    own.remove()
  })
})
