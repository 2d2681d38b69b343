import { expect, it } from 'vitest'
import { EventBuffer } from './event-buffer.ts'

it('gives whole events after any number, in order, in pieces', () => {
  const buffer = new EventBuffer(1000)
  buffer.push('id: 1\ndata: a\n\nid: 2\ndata: b\n\n')
  buffer.push('id: 3\ndata: c\n\n')
  expect(buffer.count).toBe(3)
  expect(buffer.after(0, 1000)).toEqual({
    text: 'id: 1\ndata: a\n\nid: 2\ndata: b\n\nid: 3\ndata: c\n\n',
    count: 3,
  })
  expect(buffer.after(1, 1)).toEqual({ text: 'id: 2\ndata: b\n\n', count: 1 })
  expect(buffer.after(3, 1000)).toEqual({ text: '', count: 0 })
})

it('tells its readers of more and of the end, until they go', () => {
  const buffer = new EventBuffer(1000)
  let told = 0
  const stop = buffer.onMore(() => {
    told += 1
  })
  buffer.push('data: a\n\n')
  buffer.push('')
  buffer.end()
  expect(told).toBe(2)
  stop()
  buffer.lose()
  expect(told).toBe(2)
  expect(buffer.ended).toBe(true)
})

it('is lost as a whole when it grows too large', () => {
  const buffer = new EventBuffer(20)
  buffer.push('data: 1\n\n')
  buffer.push('data: 2222222222222\n\n')
  expect([buffer.lost, buffer.count, buffer.bytes]).toEqual([true, 0, 0])
  buffer.push('data: 3\n\n')
  expect(buffer.count).toBe(0)
})
