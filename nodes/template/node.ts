import { z } from 'zod'
import { defineNode } from '#shared/flow/definition.ts'
import { field, templateText } from '#shared/flow/fields.ts'
import { outlet } from '#shared/flow/ports.ts'
import { templateInlets } from '#shared/flow/template-inlets.ts'
import { templateVariables } from '#shared/text/template.ts'

export const template = defineNode({
  type: 'template',
  version: 1,
  family: 'prompt',
  title: 'Template',
  summary: 'Makes one text out of a template and its variables.',
  config: z.strictObject({
    text: field(templateText.default(''), {
      title: 'Text',
      description: 'Liquid: {{ name }}, {% if name %}…{% endif %}. Each variable is an inlet.',
      field: 'template',
    }),
  }),
  inputs: ({ text }) => templateInlets(templateVariables(text)),
  outputs: { text: outlet('text') },
  card: ['text'],
  effects: 'pure',
  sample: { text: 'Dear {{ name | default: "customer" }}, {{ news }}' },
})
