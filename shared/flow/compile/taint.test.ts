import { describe, expect, test } from 'vitest'
import { drawing, env, plan, step, told } from '../../../test/compile/drawing.ts'
import type { Plan } from '../plan.ts'
import type { Flow, FlowNode } from '../types.ts'

const page: FlowNode = { type: 'http', config: { url: 'https://a.test/' } }
const value: FlowNode = { type: 'template', config: { text: '{{ value }}' } }

function marked(made: Plan): readonly string[] {
  return made.edges.filter(({ untrusted }) => untrusted).map(({ text }) => text)
}

describe('the mark of what comes from outside', () => {
  test('goes through templates, guards and models, and along errors', () => {
    const flow = drawing(
      {
        get: page,
        a: value,
        clean: 'guard',
        model: 'chat-model',
        sorry: value,
        answer: 'output',
        log: { type: 'output', config: { field: 'log', main: true } },
      },
      `get.body -> a.value
       a.text -> clean.value
       clean.pass -> model.messages
       model.text -> answer.value
       model.error -> sorry.value
       sorry.text -> log.value`,
    )
    const made = plan(flow)
    expect(marked(made)).toEqual(made.edges.map(({ text }) => text))
    expect(step(made, 'model').untrusted).toEqual(['messages'])
  })

  test('stands only on the outlets that bring it in', () => {
    const flow = drawing({ get: page, answer: 'output' }, 'get.status -> answer.value')
    expect(marked(plan(flow))).toEqual([])
  })

  test('ends at a node that puts it into the fence', () => {
    const flow = drawing(
      { get: page, compose: 'prompt', model: 'chat-model', answer: 'output' },
      'get.body -> compose.question\ncompose.messages -> model.messages\nmodel.text -> answer.value',
    )
    expect(marked(plan(flow))).toEqual(['get.body -> compose.question'])
    expect(step(plan(flow), 'compose').untrusted).toEqual(['question'])
  })

  test('does not come by a when, which carries no text', () => {
    const flow = drawing(
      { get: page, sorry: 'template', answer: 'output' },
      'get.body -> sorry.when\nsorry.text -> answer.value',
    )
    expect(marked(plan(flow))).toEqual(['get.body -> sorry.when'])
    expect(step(plan(flow), 'sorry').untrusted).toEqual([])
  })

  test('may enter a system part where that is allowed', () => {
    const flow = drawing(
      { ask: 'input', get: page, compose: 'prompt', model: 'chat-model', answer: 'output' },
      `ask.question -> compose.question
       compose.messages -> model.messages
       get.body -> model.system
       model.text -> answer.value`,
    )
    expect(told(flow)).toEqual(['untrusted_in_system get.body -> model.system'])
    expect(told(flow, env({ allowUntrustedInSystem: true }))).toEqual([])
  })
})

describe('a local_only field', () => {
  const secret: FlowNode = {
    type: 'input',
    config: { fields: { question: { type: 'text', local_only: true }, other: { type: 'text' } } },
  }
  const ask = (field: string, target: string, url = 'https://a.test/'): Flow =>
    drawing(
      {
        ask: secret,
        compose: 'prompt',
        model: { type: 'chat-model', config: { targets: [target] } },
        get: { type: 'http', config: { url } },
        answer: { type: 'output', config: { stream: false } },
      },
      `ask.${field} -> compose.question
       compose.messages -> model.messages
       model.text -> get.value
       get.body -> answer.value`,
    )

  test('marks every step that it reaches', () => {
    const made = plan(ask('question', 'demo/echo', 'http://127.0.0.1:8080/'))
    expect(made.steps.filter(({ localOnly }) => localOnly).map(({ id }) => id)).toEqual([
      'compose',
      'model',
      'get',
      'answer',
    ])
  })

  test('may go to this machine only, also after a model', () => {
    expect(told(ask('question', 'openai/gpt-5'))).toEqual([
      'local_only_leak get',
      'local_only_leak model.targets.0',
    ])
    expect(told(ask('question', 'demo/echo', 'http://localhost:1234/'))).toEqual([])
    expect(told(ask('question', 'demo/echo', 'http://[::1]:1234/'))).toEqual([])
    expect(told(ask('question', 'demo/echo', 'http://127.0.0.1.evil.test/'))).toEqual(['local_only_leak get'])
  })

  test('leaves the other fields free', () => {
    expect(told(ask('other', 'openai/gpt-5'))).toEqual([])
  })

  test('is no leak at a node that is off', () => {
    const flow = ask('question', 'demo/echo', 'http://127.0.0.1/')
    const { get, ...nodes } = flow.nodes
    const off: Flow = {
      ...flow,
      nodes: {
        ...nodes,
        away: { ...(get as FlowNode), mode: 'off' },
        get: get as FlowNode,
        join: { type: 'join' },
      },
      edges: [...flow.edges, 'ask.question -> away.value'],
    }
    expect(told(off)).toEqual([
      'inlet_unfed join.in_1',
      'inlet_unfed join.in_2',
      'node_unused away',
      'node_unused join',
    ])
  })
})

test('a guard stands at the output when a model comes before it', () => {
  const flow = drawing(
    {
      ask: 'input',
      first: 'guard',
      compose: 'prompt',
      model: 'chat-model',
      second: 'guard',
      answer: 'output',
    },
    `ask.question -> first.value
     first.pass -> compose.question
     compose.messages -> model.messages
     model.text -> second.value
     second.pass -> answer.value`,
  )
  const made = plan(flow)
  expect([step(made, 'first').stage, step(made, 'second').stage]).toEqual(['input', 'output'])
  const blocked = (id: string) => step(made, id).outlets.find(({ name }) => name === 'blocked')?.unhandled
  expect([blocked('first'), blocked('second')]).toEqual(['guard_blocked_input', 'guard_blocked_output'])
})

test('an arm that is connected is handled', () => {
  const flow = drawing(
    {
      ask: 'input',
      clean: 'guard',
      answer: 'output',
      stop: { type: 'output', config: { field: 'stop', main: true, required: false } },
    },
    'ask.question -> clean.value\nclean.pass -> answer.value\nclean.blocked -> stop.value',
  )
  expect(step(plan(flow), 'clean').outlets.map(({ unhandled }) => unhandled)).toEqual([null, null, null])
})
