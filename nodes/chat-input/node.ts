import { z } from 'zod'
import { defineNode } from '#shared/flow/definition.ts'
import { field } from '#shared/flow/fields.ts'
import { outlet } from '#shared/flow/ports.ts'
import { paramNames } from '#shared/model/settings.ts'

export const chatInput = defineNode({
  type: 'chat-input',
  version: 1,
  family: 'interface',
  title: 'Chat input',
  summary: "Takes a chat request: the caller's messages are the whole history.",
  config: z.strictObject({
    max_messages: field(z.int().min(1).max(2_000).default(200), {
      title: 'Most messages',
      description: 'A longer history is refused.',
      field: 'number',
    }),
    system: field(z.enum(['pass', 'drop', 'refuse']).default('pass'), {
      title: "Caller's system text",
      description: 'Pass it on its own outlet, leave it out, or refuse the request.',
      field: 'choice',
    }),
    accept_tools: field(z.boolean().default(false), {
      title: 'Accept tools',
      description: 'Callers may send tools and a tool choice.',
      field: 'boolean',
    }),
    accept_params: field(z.array(z.enum(paramNames)).max(paramNames.length).default([]), {
      title: 'Accept parameters',
      description: 'What callers may set for one request.',
      field: 'list',
    }),
  }),
  inputs: {},
  outputs: {
    messages: outlet('messages', { description: 'The history without system text.' }),
    last_text: outlet('text', { optional: true, description: 'Text of the last user message.' }),
    system: outlet('text', { optional: true, description: "The caller's system text." }),
    tools: outlet('tools', { optional: true }),
    params: outlet('json', { optional: true, description: 'The accepted parameters that the caller set.' }),
  },
  card: ['system', 'accept_tools'],
  effects: 'pure',
  common: { when: false, error: false },
  request: ({ max_messages, system, accept_tools, accept_params }) => ({
    kind: 'chat',
    chat: { maxMessages: max_messages, system, acceptTools: accept_tools, acceptParams: accept_params },
  }),
  sample: { accept_params: ['temperature', 'max_tokens'] },
})
