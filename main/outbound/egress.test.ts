import { describe, expect, test } from 'vitest'
import { classify } from './address.ts'
import { connectionRule, hostListRule, judgeUrl, parseAddress, placeOf } from './egress.ts'

const inner = [
  'http://127.0.0.1/',
  'http://127.0.0.1./',
  'http://127.1/',
  'http://127.0.1/',
  'http://127.255.255.254/',
  'http://0.0.0.0/',
  'http://0/',
  'http://2130706433/',
  'http://017700000001/',
  'http://0x7f000001/',
  'http://0x7f.1/',
  'http://0x7f.0.0.0x1/',
  'http://0177.0.0.1/',
  'http://127.0.0.1:80/',
  'http://１２７.０.０.１/',
  'http://127。0。0。1/',
  'http://⑫7.0.0.1/',
  'http://%31%32%37.0.0.1/',
  'http://localhost/',
  'http://LOCALHOST/',
  'http://localhost./',
  'http://api.localhost/',
  'http://[::1]/',
  'http://[0:0:0:0:0:0:0:1]/',
  'http://[::]/',
  'http://[::ffff:127.0.0.1]/',
  'http://[::ffff:7f00:1]/',
  'http://[0:0:0:0:0:ffff:7f00:0001]/',
  'http://[::127.0.0.1]/',
  'http://[::ffff:0:127.0.0.1]/',
  'http://[64:ff9b::127.0.0.1]/',
  'http://[64:ff9b::a00:1]/',
  'http://[64:ff9b:1::1]/',
  'http://[2002:7f00:1::]/',
  'http://[2002:a00:1::1]/',
  'http://[2001:0:7f00:1::]/',
  'http://[fe80::1]/',
  'http://[fe80::5efe:10.0.0.1]/',
  'http://[2606:4700::5efe:127.0.0.1]/',
  'http://[fc00::1]/',
  'http://[fd12:3456:789a::1]/',
  'http://[fd00:ec2::254]/',
  'http://[fec0::1]/',
  'http://[ff02::1]/',
  'http://[100::1]/',
  'http://[2001:db8::1]/',
  'http://10.0.0.1/',
  'http://10.255.255.255/',
  'http://172.16.0.1/',
  'http://172.31.255.255/',
  'http://192.168.0.1/',
  'http://100.64.0.1/',
  'http://100.100.100.200/',
  'http://168.63.129.16/',
  'http://169.254.169.254/',
  'http://169.254.169.254.:80/latest/meta-data/',
  'http://[::ffff:169.254.169.254]/',
  'http://2852039166/',
  'http://0xa9fea9fe/',
  'http://192.0.0.1/',
  'http://192.0.2.1/',
  'http://198.18.0.1/',
  'http://198.51.100.1/',
  'http://203.0.113.1/',
  'http://224.0.0.1/',
  'http://240.0.0.1/',
  'http://255.255.255.255/',
]

const malformed = [
  'http://user@127.0.0.1/',
  'http://api.example.com@127.0.0.1/',
  'http://api.example.com:x@10.0.0.1/',
  'http://127.0.0.1 .example.com/',
  'http://127.0.0.1:99999/',
  'ftp://api.example.com/',
  'file:///etc/passwd',
  'gopher://127.0.0.1:6379/_x',
  'javascript:alert(1)',
  'data:text/plain,x',
  '//127.0.0.1/',
  'http://',
  '',
]

function verdict(url: string, allow: readonly string[]): string {
  try {
    judgeUrl(parseAddress(url), hostListRule(allow))
    return 'allowed'
  } catch (thrown) {
    const { code, details } = thrown as { code: string; details: unknown }
    return `${code} ${JSON.stringify(details)}`
  }
}
const refused = 'policy_denied {"reason":"egress"}'

describe('I-30: inner addresses in every form', () => {
  test.each(inner)('%s is refused although any public host is allowed', (url) => {
    expect(verdict(url, ['*'])).toBe(refused)
  })
  test.each(malformed)('%j is refused as an address', (url) => {
    expect(verdict(url, ['*', '127.0.0.1'])).toBe(refused)
  })
  test('a backslash does not hide the host', () => {
    expect(verdict('http://127.0.0.1\\@api.example.com/', ['api.example.com'])).toBe(refused)
    expect(verdict('http://api.example.com\\@127.0.0.1/', ['api.example.com'])).toBe('allowed')
  })
})

describe('the host list', () => {
  test.each([
    ['https://api.example.com/x', ['api.example.com'], true],
    ['https://API.Example.com./x', ['api.example.com'], true],
    ['https://api.example.com:8443/x', ['api.example.com'], true],
    ['https://api.example.com:8443/x', ['api.example.com:443'], false],
    ['https://evil.com/api.example.com', ['api.example.com'], false],
    ['https://api.example.com.evil.com/', ['api.example.com'], false],
    ['https://a.example.com/', ['*.example.com'], true],
    ['https://example.com/', ['*.example.com'], false],
    ['https://badexample.com/', ['*.example.com'], false],
    ['https://anything.org/', ['*'], true],
    ['https://anything.org/', [], false],
    ['http://127.0.0.1:9000/', ['127.0.0.1:9000'], true],
    ['http://127.0.0.1:9001/', ['127.0.0.1:9000'], false],
    ['http://2130706433:9000/', ['127.0.0.1:9000'], true],
    ['http://localhost:9000/', ['localhost:9000'], true],
    ['http://localhost:9000/', ['127.0.0.1:9000'], false],
    ['http://[::1]:9000/', ['[::1]:9000'], true],
    ['http://10.0.0.5:80/', ['10.0.0.5'], true],
    ['http://10.0.0.6:80/', ['10.0.0.5'], false],
  ] as const)('%s with %j: %s', (url, allow, expected) => {
    expect(verdict(url, allow)).toBe(expected ? 'allowed' : refused)
  })

  test('a listed name may be on a private network only with its port, and never on this machine', () => {
    const place = placeOf(new URL('http://intranet:8080'))
    expect(hostListRule(['intranet'])(place, 'private')).toBe(false)
    expect(hostListRule(['intranet:8080'])(place, 'private')).toBe(true)
    expect(hostListRule(['intranet:8080'])(place, 'loopback')).toBe(false)
    expect(hostListRule(['intranet:8080'])(place, 'link-local')).toBe(false)
  })
})

describe('the rule of a Connection', () => {
  const place = (url: string) => placeOf(new URL(url))
  test('reaches its own host and port and nothing else', () => {
    const rule = connectionRule(new URL('http://127.0.0.1:11434/v1'), true)
    expect(rule(place('http://127.0.0.1:11434'), 'loopback')).toBe(true)
    expect(rule(place('http://127.0.0.1:11435'), 'loopback')).toBe(false)
    expect(rule(place('http://localhost:11434'), 'loopback')).toBe(false)
  })
  test('a built-in address may not turn out to be an inner one', () => {
    const api = 'https://api.example.com/v1'
    expect(connectionRule(new URL(api), false)(place(api), 'private')).toBe(false)
    expect(connectionRule(new URL(api), true)(place(api), 'private')).toBe(true)
    expect(connectionRule(new URL(api), true)(place(api), 'link-local')).toBe(false)
  })
})

test('classifies public addresses as public', () => {
  for (const address of ['8.8.8.8', '1.1.1.1', '2606:4700:4700::1111', '2002:808:808::1', '::ffff:8.8.8.8']) {
    expect(classify(address)).toBe('public')
  }
  expect(classify('not an address')).toBe('reserved')
})
