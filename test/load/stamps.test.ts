import { describe, expect, test } from 'vitest'
import { StampReader } from './stamps.ts'

function stampsIn(...parts: string[]) {
  const found: [number, number][] = []
  const reader = new StampReader((us, index) => found.push([index, us]))
  for (const part of parts) reader.feed(Buffer.from(part))
  return found
}

describe('stamps', () => {
  test('are found across any cut', () => {
    const text = 'data: {"delta":"~0:1500; tok "}\n\ndata: {"delta":"~1:1600; tok "}\n\n'
    for (let cut = 0; cut <= text.length; cut++)
      expect(stampsIn(text.slice(0, cut), text.slice(cut)), `cut at ${cut}`).toEqual([
        [0, 1500],
        [1, 1600],
      ])
    expect(stampsIn(...text)).toHaveLength(2)
  })

  test('count once, though the joined text is sent again at the end', () => {
    expect(stampsIn('~0:1;', '~1:2;', '{"answer":"~0:1;~1:2;"}')).toEqual([
      [0, 1],
      [1, 2],
    ])
  })

  test('stop counting at a chunk that is missing', () => {
    expect(stampsIn('~0:1;', '~2:3;', '~3:4;')).toEqual([[0, 1]])
  })
})
