import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { errorDocs } from './error-docs.ts'

it('docs/errors.md is what the error table says', () => {
  expect(readFileSync(new URL('../docs/errors.md', import.meta.url), 'utf8')).toBe(errorDocs())
})
