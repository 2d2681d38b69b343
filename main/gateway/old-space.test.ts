// V8 allocates a function that is written as the value of an assignment to a property (`x.y = () => …`) in the old
// space, where it keeps its whole request alive until a full collection. Pass it to a method, or give it a name first.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const root = join(import.meta.dirname, '..', '..')
const assigned =
  /[\w)\]]\??(?:\.#?\w+|\[[^\]\n]+\])\s*(?:\?\?)?=\s*(?:async\s*)?(?:\([^()\n]*\)(?:\s*:\s*[\w<>[\] ]+)?\s*=>|\w+\s*=>|function\b)/g

it('knows what it looks for', () => {
  for (const text of [
    'a.b = () => 1',
    'this.#b ??= async (x) => x',
    'a[0] = function () {}',
    'a.b = (x): number => x',
  ]) {
    expect(text.match(assigned), text).not.toBeNull()
  }
  for (const text of [
    'const b = () => 1',
    'a.on(() => 1)',
    '  #b = (): void => {',
    'a.b === c',
    'call({ b: () => 1 })',
  ]) {
    expect(text.match(assigned), text).toBeNull()
  }
})

it.each(['main/gateway', 'main/engine', 'main/outbound'])(
  'no closure on the path of %s is made that way',
  (folder) => {
    const found = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !file.includes('.test.'))
      .flatMap((file) =>
        (readFileSync(join(root, folder, file), 'utf8').match(assigned) ?? []).map(
          (text) => `${file}: ${text}`,
        ),
      )
    expect(found).toEqual([])
  },
)
