// Random flows of models, nodes that stream on, collectors, fallbacks and handlers, with models that do anything.
import type { Random } from '../random/flow.ts'
import { pick as choose, whole } from '../random/flow.ts'
import type { Reply } from '../scripted-models.ts'
import { ask, fixed, join, merge, model, out, pick, shout, slow, upper } from './kit.ts'
import type { TestFlow, TestNode } from './plan-builder.ts'

export interface StreamingFlow {
  readonly flow: TestFlow
  readonly script: Readonly<Record<string, readonly Reply[]>>
}

export function randomStreams(random: Random): StreamingFlow {
  const nodes: Record<string, TestNode> = { ask }
  const edges: string[] = []
  const script: Record<string, readonly Reply[]> = {}
  const texts = ['ask.question']
  let count = 0

  const add = (node: TestNode): string => {
    count += 1
    const id = `n${count}`
    nodes[id] = node
    return id
  }
  const addModel = (from: string): string => {
    const id = add(model('placeholder', { policy: { retry: { tries: whole(random, 1, 2), backoffMs: 50 } } }))
    nodes[id] = { ...(nodes[id] as TestNode), config: { targets: [id], advanceOn: ['provider'] } }
    script[id] = Array.from({ length: 2 }, () => randomReply(random))
    edges.push(`${from} -> ${id}.text`)
    return `${id}.text`
  }
  const through = (from: string, node: TestNode): string => {
    const id = add(node)
    edges.push(`${from} -> ${id}.text`)
    return `${id}.text`
  }
  const branch = (): string => {
    const start = random() < 0.8 ? addModel(choose(random, texts)) : through(choose(random, texts), upper)
    return random() < 0.3 ? through(start, random() < 0.7 ? shout : upper) : start
  }

  for (let round = whole(random, 2, 6); round > 0; round -= 1) {
    const kind = random()
    if (kind < 0.3) texts.push(addModel(choose(random, texts)))
    else if (kind < 0.45) texts.push(through(choose(random, texts), random() < 0.6 ? shout : upper))
    else if (kind < 0.5) texts.push(through(choose(random, texts), slow(whole(random, 0, 40))))
    else if (kind < 0.65) {
      const from = addModel(choose(random, texts))
      const [id] = from.split('.')
      const rescue = add(fixed('rescued'))
      const both = add(merge)
      edges.push(
        `${id}.error -> ${rescue}.when`,
        `${from} -> ${both}.value`,
        `${rescue}.text -> ${both}.value`,
      )
      texts.push(`${both}.value`)
    } else {
      const tries = whole(random, 2, 3)
      const branches = Array.from({ length: tries }, branch)
      const id = add(
        pick(tries, {
          advanceOn: choose(random, [['provider'], ['any']]),
          restart: random() < 0.3,
          ...(random() < 0.4 ? { firstTokenMs: 60 } : {}),
          ...(random() < 0.2 ? { attemptMs: 90 } : {}),
        }),
      )
      for (const [at, from] of branches.entries()) edges.push(`${from} -> ${id}.try_${at + 1}`)
      texts.push(`${id}.value`)
    }
  }
  for (let k = 1; k <= whole(random, 1, 2); k += 1) {
    const id = `out${k}`
    nodes[id] = out(id, { required: random() < 0.3, stream: random() < 0.85 })
    edges.push(`${choose(random, texts.slice(-3))} -> ${id}.value`)
  }
  if (random() < 0.3) {
    const all = add(join('a', 'b'))
    nodes.both = out('both', { type: 'json', required: false })
    edges.push(
      `${choose(random, texts)} -> ${all}.a`,
      `${choose(random, texts)} -> ${all}.b`,
      `${all}.all -> both.value`,
    )
  }
  return { flow: { nodes, edges }, script }
}

function randomReply(random: Random): Reply {
  const fate = random()
  const parts = Array.from({ length: whole(random, 1, 4) }, (_, at) => `p${at} `)
  const times = { afterMs: whole(random, 0, 80), everyMs: choose(random, [0, 5, 40]) }
  if (fate < 0.55) return { parts, ...times }
  if (fate < 0.7) return { parts, ...times, error: 'upstream_bad_response' }
  if (fate < 0.9)
    return {
      error: choose(random, ['upstream_unavailable', 'upstream_auth', 'context_too_long'] as const),
      afterMs: times.afterMs,
    }
  if (fate < 0.95) return { parts: [] }
  return { hang: true }
}
