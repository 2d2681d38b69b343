import { describe, expect, it } from 'vitest'
import { cached } from './cached.ts'

function counted(room?: number) {
  const made: string[] = []
  const get = cached((kind, text) => {
    made.push(`${kind}:${text}`)
    return { kind, text }
  }, room)
  return { get, made }
}

describe('cached', () => {
  it('makes the same text once, and apart by kind', () => {
    const { get, made } = counted()
    expect(get('a', 'x')).toBe(get('a', 'x'))
    expect(get('b', 'x')).not.toBe(get('a', 'x'))
    expect(made).toEqual(['a:x', 'b:x'])
  })

  it('drops the oldest when the texts take too much room', () => {
    const { get, made } = counted(10)
    get('', 'aaaa')
    get('', 'bbbb')
    get('', 'cccc')
    get('', 'bbbb')
    get('', 'aaaa')
    expect(made).toEqual([':aaaa', ':bbbb', ':cccc', ':aaaa'])
  })

  it('keeps nothing that is larger than all its room', () => {
    const { get, made } = counted(10)
    get('', 'x')
    get('', 'y'.repeat(20))
    get('', 'y'.repeat(20))
    get('', 'x')
    expect(made).toHaveLength(3)
  })

  it('remembers no failure', () => {
    let calls = 0
    const get = cached(() => {
      calls += 1
      throw new Error('no')
    })
    for (let n = 0; n < 2; n += 1) expect(() => get('', 'x')).toThrow('no')
    expect(calls).toBe(2)
  })
})
