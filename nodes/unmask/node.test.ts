import { expect, it } from 'vitest'
it('is', () => expect(1).toBe(1))
