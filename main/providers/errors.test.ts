import { describe, expect, test } from 'vitest'
import { errorTable } from '#shared/errors.ts'
import type { ErrorKind } from '#shared/model/chat.ts'
import { appError, excerpt, faultError } from './errors.ts'
import { openaiChat } from './openai-chat/provider.ts'
import { retryAfter } from './retry-after.ts'

const wire = { provider: 'p', title: 'Vendor' }
const now = Date.parse('2026-11-20T10:00:00Z')

function read(status: number, body: unknown, headers: Record<string, string> = {}) {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return openaiChat.failure({ status, headers, body: text }, wire, now)
}

describe('trap-71: error bodies of every shape', () => {
  test.each<[string, number, unknown, ErrorKind, string]>([
    ['an object', 400, { error: { message: 'Bad thing', code: 'x' } }, 'invalid', 'Bad thing'],
    [
      'a list',
      400,
      [{ error: { message: 'Bad thing', status: 'INVALID_ARGUMENT' } }],
      'invalid',
      'Bad thing',
    ],
    ['a text', 400, 'Bad thing', 'invalid', 'Bad thing'],
    ['a JSON text', 400, '"Bad thing"', 'invalid', 'Bad thing'],
    ['error as a text', 500, { error: 'Bad thing' }, 'server', 'Bad thing'],
    ['detail', 400, { detail: 'Bad thing' }, 'invalid', 'Bad thing'],
    [
      'validation details',
      422,
      { detail: [{ loc: ['body', 'seed'], msg: 'Extra inputs are not permitted' }] },
      'invalid',
      'body.seed: Extra inputs are not permitted',
    ],
    [
      'details inside a message',
      422,
      { object: 'error', message: { detail: [{ loc: ['body', 'n'], msg: 'too small' }] } },
      'invalid',
      'body.n: too small',
    ],
    ['message', 401, { message: 'Bad thing' }, 'auth', 'does not accept the credential'],
    ['errors', 400, { errors: [{ message: 'Bad thing' }] }, 'invalid', 'Bad thing'],
    [
      'object: error',
      404,
      { object: 'error', message: 'Bad thing', type: 'NotFoundError', code: 404 },
      'not-found',
      'Bad thing',
    ],
    ['a page', 502, '<html><head><title>502 Bad Gateway</title></head></html>', 'server', '502 Bad Gateway'],
    ['a page without a title', 503, '<h1>Busy</h1><p>later</p>', 'overloaded', 'Busy later'],
    [
      'what a vendor behind a vendor said',
      429,
      { error: { code: 429, message: 'Provider returned error', metadata: { raw: 'try later' } } },
      'rate-limit',
      'Provider returned error: try later',
    ],
    ['broken JSON', 500, '{"error": {"mess', 'server', '{"error": {"mess'],
    ['nothing', 500, '', 'server', 'Vendor answered 500.'],
    [
      'an inner filter',
      400,
      {
        error: { message: 'The response was filtered', innererror: { code: 'ResponsibleAIPolicyViolation' } },
      },
      'content-filter',
      'filtered',
    ],
  ])('%s', (_, status, body, kind, said) => {
    const error = read(status, body)
    expect([error.kind, error.status]).toEqual([kind, status])
    expect(error.message).toContain(said)
    expect(error.message).toContain(String(status))
  })
})

describe('kinds of errors (providers.md 3.3)', () => {
  const message = (text: string) => ({ error: { message: text } })
  const code = (text: string) => ({ error: { message: 'x', code: text } })
  const type = (text: string) => ({ error: { message: 'x', type: text } })
  test.each<[number, unknown, ErrorKind]>([
    [401, {}, 'auth'],
    [403, {}, 'permission'],
    [403, message('Your credit balance is too low'), 'quota'],
    [402, {}, 'quota'],
    [404, {}, 'not-found'],
    [408, {}, 'timeout'],
    [409, {}, 'overloaded'],
    [413, {}, 'too-large'],
    [413, code('rate_limit_exceeded'), 'rate-limit'],
    [422, {}, 'invalid'],
    [429, {}, 'rate-limit'],
    [429, type('tokens'), 'rate-limit'],
    [429, code('insufficient_quota'), 'quota'],
    [429, message('You exceeded your current quota, please check your plan and billing details.'), 'quota'],
    [500, {}, 'server'],
    [503, {}, 'overloaded'],
    [504, {}, 'server'],
    [524, {}, 'server'],
    [529, type('overloaded_error'), 'overloaded'],
    [400, code('context_length_exceeded'), 'context-length'],
    [400, message("This model's maximum context length is 8192 tokens."), 'context-length'],
    [400, message('prompt is too long: 210000 tokens > 200000 maximum'), 'context-length'],
    [
      400,
      message('The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).'),
      'context-length',
    ],
    [400, message('Token limit reached'), 'invalid'],
    [400, message('max_tokens must be at least 1'), 'invalid'],
    [400, code('content_filter'), 'content-filter'],
    [400, code('invalid_api_key'), 'auth'],
    [400, message('API key not valid. Please pass a valid API key.'), 'auth'],
    [400, code('Arrearage'), 'quota'],
    [400, { error: { message: 'x', status: 'UNAUTHENTICATED' } }, 'auth'],
    [429, { error: { message: 'x', code: 429, status: 'RESOURCE_EXHAUSTED' } }, 'rate-limit'],
    [401, { statusCode: 401, message: 'Access denied due to invalid subscription key' }, 'auth'],
    [
      402,
      { error: { message: 'Insufficient Balance', type: 'unknown_error', code: 'invalid_request_error' } },
      'quota',
    ],
    [400, code('data_inspection_failed'), 'content-filter'],
    [301, '', 'invalid'],
  ])('%i %j is %s', (status, body, kind) => {
    expect(read(status, body).kind).toBe(kind)
  })

  test('each kind has a code of the product, and only passing ones may be retried', () => {
    const codes: Record<ErrorKind, string> = {
      auth: 'upstream_auth',
      permission: 'upstream_auth',
      quota: 'upstream_quota',
      'rate-limit': 'upstream_rate_limited',
      overloaded: 'upstream_unavailable',
      server: 'upstream_unavailable',
      network: 'upstream_unavailable',
      timeout: 'upstream_timeout',
      truncated: 'upstream_bad_response',
      protocol: 'upstream_bad_response',
      invalid: 'upstream_rejected',
      'not-found': 'upstream_rejected',
      'too-large': 'upstream_rejected',
      'context-length': 'context_too_long',
      'content-filter': 'model_refused',
      aborted: 'cancelled',
    }
    for (const [kind, code] of Object.entries(codes)) {
      const error = { kind: kind as ErrorKind, message: 'm', retryable: false, provider: 'p' }
      const told = appError(error, { connection: 'c', model: 'm' })
      expect(told).toMatchObject({
        code,
        connection: 'c',
        model: 'm',
        status: errorTable[told.code as keyof typeof errorTable].status,
      })
    }
    expect(read(500, {}).retryable).toBe(true)
    expect(read(400, {}).retryable).toBe(false)
    expect(read(500, {}, { 'x-should-retry': 'false' }).retryable).toBe(false)
  })

  test('request ids are kept', () => {
    expect(read(500, {}, { 'x-request-id': 'req_1' }).requestId).toBe('req_1')
  })

  test('faults of the network', () => {
    const kinds = (
      ['network', 'timeout', 'truncated', 'protocol', 'egress', 'invalid', 'aborted'] as const
    ).map((kind) => faultError({ kind, reason: 'r', message: 'it broke' }, 'p', 'Vendor').kind)
    expect(kinds).toEqual(['network', 'timeout', 'truncated', 'protocol', 'network', 'invalid', 'aborted'])
  })
})

describe('when to come back', () => {
  const info = [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '34.4s' }]
  test.each<[string, Record<string, string>, number | undefined]>([
    ['seconds', { 'retry-after': '2' }, 2_000],
    ['parts of seconds', { 'retry-after': '0.25' }, 250],
    ['a date', { 'retry-after': 'Fri, 20 Nov 2026 10:00:30 GMT' }, 30_000],
    ['milliseconds first', { 'retry-after-ms': '150', 'retry-after': '9' }, 150],
    [
      'the limit that is used up',
      {
        'x-ratelimit-reset-requests': '1m30s',
        'x-ratelimit-remaining-requests': '0',
        'x-ratelimit-reset-tokens': '6m0s',
        'x-ratelimit-remaining-tokens': '50',
      },
      90_000,
    ],
    [
      'the longest limit',
      { 'x-ratelimit-reset-requests': '12ms', 'x-ratelimit-reset-tokens': '7.66s' },
      7_660,
    ],
    ['a moment in milliseconds', { 'x-ratelimit-reset': String(now + 5_000) }, 5_000],
    ['a moment in seconds', { 'x-ratelimit-reset': String(now / 1000 + 7) }, 7_000],
    ['nonsense', { 'retry-after': 'soon', 'x-ratelimit-reset-tokens': 'never' }, undefined],
    ['nothing', {}, undefined],
  ])('%s', (_, headers, ms) => {
    expect(retryAfter(headers, undefined, now)?.ms).toBe(ms)
  })

  test('a delay in the body', () => {
    expect(read(429, { error: { code: 429, message: 'm', details: info } }).retryAfterMs).toBe(34_400)
  })

  test.each([
    ['-5', 0],
    ['99999999', 3_600_000],
    ['Fri, 20 Nov 2020 10:00:00 GMT', 0],
    ['Fri, 20 Nov 2099 10:00:00 GMT', 3_600_000],
  ])('absurd values are capped and noted: %s', (value, ms) => {
    const error = read(429, {}, { 'retry-after': value })
    expect(error.retryAfterMs).toBe(ms)
    expect(error.message).toContain('out of range')
  })

  test("is nobody's business where retrying is no use", () => {
    expect(read(400, {}, { 'retry-after': '5' })).not.toHaveProperty('retryAfterMs')
  })
})

test('excerpts hold no credentials and stay short', () => {
  const said = `Incorrect API key provided: sk-proj-abc***xyz. Bearer abc.def ${'q'.repeat(50)} ${'word '.repeat(200)}`
  const shown = excerpt(said)
  expect(shown).not.toMatch(/abc|qqq/)
  expect(shown.length).toBeLessThanOrEqual(300)
})
