// What a simulated model says. No model: a few rules over the prompt, so that a demo reads well and a test can know the
// answer beforehand. Same request, same answer.
import { isJsonObject, type Json, type JsonObject, type JsonSchema } from '#shared/json.ts'
import { shorten, valueFor } from './schema-value.ts'

export interface SimulatedCall {
  readonly name: string
  readonly args: string
}
export interface SimulatedAnswer {
  readonly text: string
  readonly calls: readonly SimulatedCall[]
}

export interface Prompt {
  readonly system: string
  /** The last thing the user said. */
  readonly question: string
  /** Everything, for counting and for facts. */
  readonly all: string
  /** Results of tools since the last user message, by tool. */
  readonly results: readonly { readonly name: string; readonly text: string }[]
}

export function readPrompt(messages: readonly Json[]): Prompt {
  let system = ''
  let question = ''
  let results: { name: string; text: string }[] = []
  const called = new Map<string, string>()
  const all: string[] = []
  for (const message of messages.filter(isJsonObject)) {
    const text = textOf(message.content)
    all.push(text)
    if (message.role === 'system' || message.role === 'developer') system += `${text}\n`
    else if (message.role === 'user') {
      question = text
      results = []
    } else if (message.role === 'tool') {
      const id = String(message.tool_call_id)
      results = [...results, { name: called.get(id) ?? 'the tool', text }]
    }
    for (const call of list(message.tool_calls)) {
      if (isJsonObject(call.function)) called.set(String(call.id), String(call.function.name))
    }
  }
  return { system: system.trim(), question: question.trim(), all: all.join('\n'), results }
}

/** @throws nothing: whatever is asked, something sensible is said */
export function answerTo(body: JsonObject, prompt: Prompt, large: boolean): SimulatedAnswer {
  const calls = chooseCalls(body, prompt)
  if (calls.length > 0) return { text: '', calls }
  const format = isJsonObject(body.response_format) ? body.response_format : {}
  const wanted = isJsonObject(format.json_schema) ? format.json_schema.schema : undefined
  if (isJsonObject(wanted)) return { text: JSON.stringify(valueFor(wanted, prompt.question)), calls }
  const text = say(prompt, large)
  if (format.type === 'json_object') return { text: JSON.stringify({ answer: text, simulated: true }), calls }
  return { text, calls }
}

function chooseCalls(body: JsonObject, prompt: Prompt): readonly SimulatedCall[] {
  const choice = body.tool_choice ?? 'auto'
  const tools = list(body.tools).flatMap((tool) => (isJsonObject(tool.function) ? [tool.function] : []))
  if (tools.length === 0 || choice === 'none') return []
  const named = isJsonObject(choice) && isJsonObject(choice.function) ? choice.function.name : undefined
  const make = (tool: JsonObject): SimulatedCall => {
    const schema: JsonSchema = isJsonObject(tool.parameters) ? tool.parameters : { type: 'object' }
    return { name: String(tool.name), args: JSON.stringify(valueFor(schema, prompt.question)) }
  }
  if (named !== undefined) return tools.filter((tool) => tool.name === named).map(make)
  // With results at hand the model answers instead of asking again.
  if (prompt.results.length > 0) return []
  const asked = tools.filter((tool) => isAbout(tool, prompt.question))
  const chosen = asked.length > 0 ? asked : choice === 'required' ? tools.slice(0, 1) : []
  return (body.parallel_tool_calls === false ? chosen.slice(0, 1) : chosen).map(make)
}

/** Does the question use a word of the tool's name? */
function isAbout(tool: JsonObject, question: string): boolean {
  const words = String(tool.name)
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word.length > 3 || word === 'now')
  const lower = question.toLowerCase()
  return words.some((word) => lower.includes(word.replace(/s$/, '')))
}

const exactly =
  /\b(?:(?:reply|answer|respond) (?:with )?(?:exactly|only)(?: with)?|say(?= .+ and nothing else)|say(?: only| exactly)?)[:\s]+["“]?(.+?)["”]?(?: and nothing else)?[.!]?$/is

function say(prompt: Prompt, large: boolean): string {
  const { question, system, results } = prompt
  const exact = exactly.exec(question)?.[1]
  if (exact !== undefined && exact.length < 200) return exact
  if (results.length > 0) {
    const told = results.map(({ name, text }) => `${name} says: ${shorten(text, 200)}`).join('; ')
    return `(Simulated) For your question “${shorten(question, 80)}”: ${told}.`
  }
  const sum = arithmetic(question)
  if (sum !== undefined) return `(Simulated) ${sum}.`
  if (question === '') return '(Simulated) There was no question.'
  const lead = `(Simulated) You asked: “${shorten(question, large ? 240 : 120)}”.`
  const facts = factsOf(question)
  const about = facts.length === 0 ? '' : ` This is about ${facts.join(', ')}.`
  const role = system === '' ? '' : ` I was told: “${shorten(system, large ? 200 : 80)}”.`
  if (!large) return `${lead}${about}${role}`
  return `${lead}${about}${role} A real model would answer here at length; this one only shows that the flow works, which path it took, and what arrived at the model. Connect a provider to get real answers.`
}

/** Names and numbers, in order of appearance. */
function factsOf(text: string): readonly string[] {
  const names = text.match(/(?<=[\p{L}\d,;:] )\p{Lu}[\p{L}\d-]+|\b\d[\d.,]*\d\b|\b\d\b/gu) ?? []
  return [...new Set(names)].filter((name) => name !== 'I').slice(0, 5)
}

function arithmetic(text: string): string | undefined {
  const match = /(-?\d+(?:\.\d+)?)\s*([-+*/×÷])\s*(-?\d+(?:\.\d+)?)/.exec(text)
  if (match === null) return undefined
  const [expression, a = '', sign = '', b = ''] = match
  const x = Number(a)
  const y = Number(b)
  const result = sign === '+' ? x + y : sign === '-' ? x - y : sign === '*' || sign === '×' ? x * y : x / y
  return `${expression} = ${Number(result.toFixed(6))}`
}

export function textOf(content: Json | undefined): string {
  if (typeof content === 'string') return content
  return list(content)
    .map((part) => (typeof part.text === 'string' ? part.text : `[${String(part.type)}]`))
    .join(' ')
}

function list(value: Json | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? (value as readonly Json[]).filter(isJsonObject) : []
}
