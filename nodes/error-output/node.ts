import { z } from 'zod'
import { defineNode } from '#shared/flow/definition.ts'
import { field, templateText } from '#shared/flow/fields.ts'
import { inlet } from '#shared/flow/ports.ts'
import { templateVariables } from '#shared/text/template.ts'

export const errorOutput = defineNode({
  type: 'error-output',
  version: 1,
  family: 'interface',
  title: 'Error output',
  summary: 'Ends the run as failed, with an error of your own.',
  config: z.strictObject({
    code: field(
      z
        .string()
        .regex(/^app_[a-z0-9_]{1,40}$/, { message: 'write app_ and 1 to 40 of a-z, 0-9, _' })
        .exactOptional(),
      {
        title: 'Code',
        description: 'What callers see; without it the code of the error is kept.',
        field: 'text',
      },
    ),
    status: field(z.int().min(400).max(599).default(422), {
      title: 'HTTP status',
      description: 'Of your own code; a kept code keeps its status.',
      field: 'number',
    }),
    message: field(templateText.exactOptional(), {
      title: 'Message',
      description: 'A template that sees {{ error.message }}, {{ error.code }} and {{ error.node }}.',
      field: 'template',
    }),
  }),
  inputs: { error: inlet('error', { gather: 'merge' }) },
  outputs: {},
  card: ['code', 'message'],
  effects: 'pure',
  common: { when: true, error: false },
  check: ({ message }) =>
    templateVariables(message ?? '')
      .filter(({ name }) => name !== 'error')
      .map(({ name }) => ({
        field: 'message',
        message: `"${name}" is not known here; there is only "error"`,
      })),
  sample: { code: 'app_out_of_stock', status: 409, message: 'We have none left ({{ error.message }}).' },
})
