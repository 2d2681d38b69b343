import { describe, expect, it } from 'vitest'
import { AppError, errorTable, errorValue, inCodes, toAppError } from './errors.ts'

describe('error table', () => {
  it('gives every code a status of its class, a sentence and both vendor shapes', () => {
    for (const [code, row] of Object.entries(errorTable)) {
      expect(code).toMatch(/^[a-z_]+$/)
      expect(row.status).toBeGreaterThanOrEqual(400)
      expect(row.status).toBeLessThan(600)
      expect(row.sentence).toMatch(/^[A-Z].*\.$/)
      expect(row.openai.type).not.toBe('')
      expect(row.anthropic).not.toBe('')
    }
  })

  it('never answers a vendor failure with the status of a caller failure', () => {
    for (const [code, row] of Object.entries(errorTable)) {
      if (code.startsWith('upstream_')) expect([502, 503, 504]).toContain(row.status)
    }
  })
})

describe('AppError', () => {
  it('takes status, retryable and sentence from the table', () => {
    const error = new AppError('rate_limited', { retryAfterMs: 1500 })
    expect(error).toMatchObject({
      status: 429,
      retryable: true,
      message: 'Too many requests.',
      retryAfterMs: 1500,
    })
  })

  it('lets app codes choose their status and nobody else', () => {
    expect(new AppError('app_out_of_stock', { status: 409, message: 'Gone.' }).status).toBe(409)
    expect(new AppError('app_out_of_stock').status).toBe(422)
  })

  it('keeps what was known when a catcher adds where it happened', () => {
    const inner = new AppError('upstream_timeout', { connection: 'openai', message: 'No token.' })
    const outer = inner.at({ node: 'fast', connection: 'other' })
    expect(outer).toMatchObject({
      node: 'fast',
      connection: 'openai',
      message: 'No token.',
      code: 'upstream_timeout',
    })
  })

  it('wraps the unknown once and keeps it as cause', () => {
    const cause = new TypeError('x is undefined')
    const wrapped = toAppError(cause)
    expect(wrapped).toMatchObject({ code: 'internal', cause })
    expect(wrapped.message).not.toContain('undefined')
    expect(toAppError(wrapped)).toBe(wrapped)
  })

  it('becomes the value of an error edge without empty facts', () => {
    expect(errorValue(new AppError('no_value', { node: 'pick' }))).toEqual({
      code: 'no_value',
      message: 'The flow ended without a value for a required output.',
      retryable: false,
      node: 'pick',
    })
  })
})

describe('code groups', () => {
  it.each([
    ['upstream_timeout', ['transient'], true],
    ['upstream_auth', ['transient'], false],
    ['upstream_auth', ['provider'], true],
    ['model_refused', ['provider'], false],
    ['model_refused', ['content'], true],
    ['no_value', ['any'], true],
    ['cancelled', ['any'], false],
    ['cost_cap_reached', ['any'], false],
    ['app_mine', ['any'], true],
    ['app_mine', ['app_mine'], true],
    ['flow_error', ['constructor'], false],
  ] as const)('%s is in %j: %s', (code, selectors, expected) => {
    expect(inCodes(code, selectors)).toBe(expected)
  })
})
