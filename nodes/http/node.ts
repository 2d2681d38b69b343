import { z } from 'zod'
import { defineNode } from '#shared/flow/definition.ts'
import { field } from '#shared/flow/fields.ts'
import { inlet, outlet } from '#shared/flow/ports.ts'
import { templateInlets } from '#shared/flow/template-inlets.ts'
import { parseTemplate, templateProblem, templateVariables } from '#shared/text/template.ts'

const mebibyte = 1024 * 1024
const outletTypes = { auto: 'json', json: 'json', text: 'text', file: 'file' } as const

const url = z
  .string()
  .min(1)
  .max(8_000)
  .superRefine((text, context) => {
    const message = templateProblem(text, 'url') ?? urlProblem(text)
    if (message !== undefined) context.addIssue({ code: 'custom', message })
  })

/** Set by the connection itself, or a way to smuggle a second request. */
const ownHeaders =
  /^(?:host|connection|content-length|transfer-encoding|te|trailer|upgrade|keep-alive|expect|proxy-.*)$/i

const header = z
  .string()
  .max(8_192)
  .regex(/^[\t\x20-\x7e\x80-\uffff]*$/, { message: 'may not hold line breaks or control characters' })
  .refine((value) => !/\{\{|\{%/.test(value), {
    message: 'is no template; only secret references are filled in',
  })
const headerName = z
  .string()
  .max(200)
  .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, { message: 'is no header name' })
  .refine((name) => !ownHeaders.test(name), { message: 'is set by the gateway' })

const range = /^\d{3}(?:-\d{3})?$/
const statusText = z.string().refine((text) => text.split(',').every((part) => range.test(part.trim())), {
  message: 'write 200-299 or 200, 404',
})
const statusList = z
  .array(z.union([z.int().min(100).max(599), z.string().regex(range)]))
  .min(1)
  .max(32)

const body = z
  .string()
  .max(256 * 1024)
  .superRefine((text, context) => {
    const message = templateProblem(text)
    if (message !== undefined) context.addIssue({ code: 'custom', message })
  })

export const http = defineNode({
  type: 'http',
  version: 1,
  family: 'tool',
  title: 'HTTP request',
  summary: 'Calls a web address of the allowed hosts.',
  config: z
    .strictObject({
      method: field(z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']).default('GET'), {
        title: 'Method',
        field: 'choice',
      }),
      url: field(url, {
        title: 'Address',
        description: 'A template with a fixed scheme and host; values are percent-encoded.',
        field: 'template',
      }),
      headers: field(
        z
          .record(headerName, header)
          .refine((headers) => Object.keys(headers).length <= 50, { message: 'at most 50 headers' })
          .default({}),
        { title: 'Headers', description: 'Values may refer to secrets, as in the sample.', field: 'map' },
      ),
      body: field(body.exactOptional(), {
        title: 'Body',
        description: 'A template, or the word json to send the value as JSON.',
        field: 'template',
      }),
      accept_status: field(z.union([statusText, statusList]).default('200-299'), {
        title: 'Good statuses',
        description: 'Ranges and single ones; any other status is an error.',
        field: 'text',
      }),
      parse: field(z.enum(['auto', 'json', 'text', 'file']).default('auto'), {
        title: 'Read the answer as',
        description: 'auto follows the content type: JSON, text, else a file.',
        field: 'choice',
      }),
      max_bytes: field(
        z
          .int()
          .min(1)
          .max(50 * mebibyte)
          .default(5 * mebibyte),
        {
          title: 'Largest answer',
          description: 'In bytes.',
          field: 'number',
        },
      ),
      follow: field(z.int().min(0).max(5).default(3), {
        title: 'Redirects',
        description: 'How many to follow; each is checked against the allowed hosts.',
        field: 'number',
      }),
      effect: field(z.enum(['reads', 'writes']).exactOptional(), {
        title: 'Effect',
        description: 'writes: tests and shadow runs answer with the stub. By default GET and HEAD read.',
        field: 'choice',
      }),
    })
    .refine(({ method, body: sent }) => sent === undefined || (method !== 'GET' && method !== 'HEAD'), {
      message: 'GET and HEAD have no body',
      path: ['body'],
    }),
  inputs: (config) => ({
    value: inlet('any', { required: config.body === 'json' }),
    ...templateInlets([
      ...parseTemplate(config.url, 'url').variables,
      ...(config.body === undefined || config.body === 'json' ? [] : templateVariables(config.body)),
    ]),
  }),
  outputs: ({ parse }) => ({
    body: outlet(outletTypes[parse], { untrusted: true }),
    status: outlet('number'),
    headers: outlet('json', { untrusted: true }),
  }),
  card: ['method', 'url'],
  effects: ({ method, effect }) => effect ?? (method === 'GET' || method === 'HEAD' ? 'reads' : 'writes'),
  upstream: 'http',
  hosts: (config) => [new URL(literalOrigin(config.url)).host],
  sample: {
    url: 'https://api.example.com/orders/{{ order }}',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a reference that the outbound layer fills in
    headers: { authorization: 'Bearer ${secret:shop_key}' },
  },
})

/** Scheme and host as they are written; the rest may be a template. */
function literalOrigin(text: string): string {
  return /^https?:\/\/[^\s/?#@\\{}%]+(?=[/?#]|$)/i.exec(text)?.[0] ?? ''
}

function urlProblem(text: string): string | undefined {
  const origin = literalOrigin(text)
  if (origin === '' || !URL.canParse(origin))
    return 'must begin with http:// or https:// and a fixed host, without a user'
  return undefined
}
