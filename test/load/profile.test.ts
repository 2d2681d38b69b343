import { expect, test } from 'vitest'
import { type CpuProfile, profileTable, selfTimes } from './profile.ts'

const frame = (functionName: string, url = 'node:net') => ({ functionName, url, lineNumber: 9 })
const profile: CpuProfile = {
  nodes: [
    { id: 1, callFrame: frame('(idle)', '') },
    { id: 2, callFrame: frame('write') },
    { id: 3, callFrame: frame('read') },
    // The same function reached by another path.
    { id: 4, callFrame: frame('write') },
  ],
  startTime: 1_000,
  samples: [3, 2, 4, 1, 3],
  timeDeltas: [0, 100, 50, 30, 500],
}

test('self time adds up by function, without waiting, longest first', () => {
  expect(selfTimes([profile, profile], { from: 0, to: 9_999 })).toEqual([
    { name: 'read', place: 'node:net:10', us: 200 },
    { name: 'write', place: 'node:net:10', us: 160 },
  ])
})

test('only samples within the span count', () => {
  expect(selfTimes([profile], { from: 1_050, to: 1_120 })).toEqual([
    { name: 'write', place: 'node:net:10', us: 50 },
  ])
})

test('the table gives shares and time for each request', () => {
  const times = selfTimes([profile], { from: 0, to: 9_999 })
  expect(profileTable(times, 10, 1)).toBe(' 55.6 %    10.00 µs  read  node:net:10')
})
