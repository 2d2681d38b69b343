import { describe, expect, it } from 'vitest'
import { AppError } from '../errors.ts'
import { type Live, type LiveReader, liveText, type Subscription } from './live.ts'

const mebi = 1 << 20

interface Log extends LiveReader<string, string> {
  readonly seen: string[]
  open: boolean
}

/** Writes down what it is told; takes no parts while `open` is false. */
function logReader(open = true): Log {
  const log: Log = {
    seen: [],
    open,
    part: (part) => {
      log.seen.push(part)
      return log.open
    },
    end: (whole) => void log.seen.push(`end ${whole}`),
    fail: (error) => void log.seen.push(`fail ${error.code}`),
  }
  return log
}

describe('a live text', () => {
  it('gives every reader all parts in order and then the joined whole', async () => {
    const live = liveText()
    const early = logReader()
    live.read(early)
    live.push('a')
    const late = logReader()
    live.read(late)
    live.push('b')
    live.end()
    const after = logReader()
    live.read(after)
    for (const reader of [early, late, after]) expect(reader.seen).toEqual(['a', 'b', 'end ab'])
    expect(await live.collect()).toBe('ab')
  })

  it('breaks for every reader once, after the parts it had', async () => {
    const live = liveText()
    const reader = logReader()
    live.read(reader)
    live.push('a')
    live.fail(new AppError('upstream_timeout'))
    live.fail(new AppError('internal'))
    live.end()
    expect(reader.seen).toEqual(['a', 'fail upstream_timeout'])
    await expect(live.collect()).rejects.toMatchObject({ code: 'upstream_timeout' })
  })

  it('wraps what is not our error as internal', () => {
    const live = liveText()
    const reader = logReader()
    live.read(reader)
    live.fail(new TypeError('oops'))
    expect(reader.seen).toEqual(['fail internal'])
  })

  it('tells a paused reader the rest when it resumes', () => {
    const live = liveText()
    const reader = logReader(false)
    const subscription = live.read(reader)
    live.push('a')
    live.push('b')
    live.end()
    expect(reader.seen).toEqual(['a'])
    reader.open = true
    subscription.resume()
    expect(reader.seen).toEqual(['a', 'b', 'end ab'])
  })

  it('asks the producer to stop above one mebi per reader and to go on below it', () => {
    const live = liveText()
    const reader = logReader(false)
    const subscription = live.read(reader)
    live.read(logReader())
    let drained = 0
    live.onDrain(() => {
      drained += 1
    })
    const part = 'x'.repeat(mebi / 4)
    expect(live.push(part)).toBe(true)
    for (let i = 0; i < 4; i += 1) expect(live.push(part)).toBe(true)
    expect(live.push(part)).toBe(false)
    subscription.resume()
    expect(drained).toBe(1)
    subscription.resume()
    expect(drained).toBe(1)
    expect(live.push(part)).toBe(true)
  })

  it('lets the producer go on when the full reader leaves', () => {
    const live = liveText()
    const subscription = live.read(logReader(false))
    live.read(logReader())
    let drained = 0
    live.onDrain(() => {
      drained += 1
    })
    live.push('x')
    expect(live.push('x'.repeat(mebi + 1))).toBe(false)
    subscription.cancel()
    expect(drained).toBe(1)
  })

  it('tells the producer when every reader has left', () => {
    const live = liveText()
    let left = 0
    live.onCancel(() => {
      left += 1
    })
    const one = live.read(logReader())
    const two = live.read(logReader())
    one.cancel()
    expect(left).toBe(0)
    two.cancel()
    two.cancel()
    expect(left).toBe(1)
  })

  it('voids its parts on restart, and fails readers that cannot take that', () => {
    const live = liveText()
    const able = logReader()
    able.restart = (reason) => void able.seen.push(`restart ${reason.code}`)
    const unable = logReader()
    live.read(able)
    live.read(unable)
    live.push('bad')
    live.restart(new AppError('upstream_unavailable'))
    live.push('good')
    live.end()
    expect(able.seen).toEqual(['bad', 'restart upstream_unavailable', 'good', 'end good'])
    expect(unable.seen).toEqual(['bad', 'fail upstream_unavailable'])
  })

  it('keeps the fault of one reader from the producer and the other readers', () => {
    const live = liveText()
    const faulty = logReader()
    faulty.part = () => {
      throw new AppError('flow_error')
    }
    const atTheEnd = logReader()
    atTheEnd.end = () => {
      throw new AppError('guard_blocked_output')
    }
    const sound = logReader()
    for (const reader of [faulty, atTheEnd, sound]) live.read(reader)
    live.push('a')
    live.end()
    expect(faulty.seen).toEqual(['fail flow_error'])
    expect(atTheEnd.seen).toEqual(['a', 'fail guard_blocked_output'])
    expect(sound.seen).toEqual(['a', 'end a'])
  })

  it('tells watchers of the first part and of the end, also late', () => {
    const live = liveText()
    const seen: string[] = []
    live.watch({
      begin: () => void seen.push('begin'),
      over: (error) => void seen.push(`over ${error?.code}`),
    })
    expect(live.begun).toBe(false)
    live.push('a')
    expect(live.begun).toBe(true)
    live.push('b')
    live.fail(new AppError('timeout'))
    live.watch({
      begin: () => void seen.push('late begin'),
      over: (error) => void seen.push(`late ${error?.code}`),
    })
    expect(seen).toEqual(['begin', 'over timeout', 'late begin', 'late timeout'])
  })

  it('has no value when it breaks before a part, and the empty one when it ends without', () => {
    const broken = liveText()
    broken.fail(new AppError('upstream_timeout'))
    expect(broken.begun).toBe(false)
    const empty = liveText()
    const reader = logReader()
    empty.read(reader)
    empty.end()
    expect(empty.begun).toBe(true)
    expect(reader.seen).toEqual(['end '])
  })

  it('gives a late reader of a long stream few large parts with the same text', () => {
    const live = liveText()
    live.read(logReader())
    const words = Array.from({ length: 5_000 }, (_, i) => `${i} `)
    for (const word of words) live.push(word)
    const late = logReader()
    live.read(late)
    live.end()
    expect(late.seen.length).toBeLessThan(600)
    expect(late.seen.slice(0, -1).join('')).toBe(words.join(''))
    expect(late.seen.at(-1)).toBe(`end ${words.join('')}`)
  })

  it('never loses or repeats a part for readers that pause and join at random', () => {
    let state = 7
    const random = () => {
      state = (state * 1103515245 + 12345) & 0x7fffffff
      return state / 0x7fffffff
    }
    for (let round = 0; round < 50; round += 1) {
      const live: Live<string, string> = liveText()
      const readers: { log: Log; subscription: Subscription }[] = []
      let text = ''
      for (let i = 0; i < 2_000; i += 1) {
        if (random() < 0.005) {
          const log = logReader(random() < 0.5)
          readers.push({ log, subscription: live.read(log) })
        }
        for (const { log, subscription } of readers) {
          if (random() < 0.02) {
            log.open = !log.open
            if (log.open) subscription.resume()
          }
        }
        text += i
        live.push(String(i))
      }
      live.end()
      for (const { log, subscription } of readers) {
        log.open = true
        subscription.resume()
        expect(log.seen.slice(0, -1).join('')).toBe(text)
        expect(log.seen.at(-1)).toBe(`end ${text}`)
      }
    }
  })
})
