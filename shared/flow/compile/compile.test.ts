import { expect, test } from 'vitest'
import { drawing, env, plan, step, told } from '../../../test/compile/drawing.ts'
import type { FlowContent } from '../types.ts'
import { compile } from './compile.ts'

/** The example of nodes.md 2. */
const fallbackFlow = drawing(
  {
    ask: 'input',
    compose: 'prompt',
    fast: 'chat-model',
    local: 'chat-model',
    sorry: 'template',
    pick: { type: 'fallback', config: { tries: 3, first_token_ms: 3000, degraded_from: 3 } },
    answer: { type: 'output', config: { field: 'answer', type: 'text' } },
  },
  `ask.question -> compose.question
   compose.messages -> fast.messages
   compose.messages -> local.messages
   fast.text -> pick.try_1
   local.text -> pick.try_2
   sorry.text -> pick.try_3
   pick.value -> answer.value`,
)

test('compiles the fallback of the specification', () => {
  const made = plan(fallbackFlow)
  expect(told(fallbackFlow)).toEqual([])
  console.log(JSON.stringify(made, null, 1))
})
