import { expect, test } from 'vitest'
import { parseCores, pinned } from './pin.ts'

test.each([
  ['0-1', [0, 1]],
  ['3', [3]],
  ['0-2,5,8-9', [0, 1, 2, 5, 8, 9]],
  ['', []],
  ['all', []],
])('the cores in %j are %j', (list, cores) => {
  expect(parseCores(list)).toEqual(cores)
})

test('a command without a core is left as it is', () => {
  expect(pinned(['node', 'a.ts'], undefined)).toEqual(['node', 'a.ts'])
  expect(pinned(['node', 'a.ts'], 0)).toEqual(['taskset', '-c', '0', 'node', 'a.ts'])
})
