// The small grammars that settings are made of.
import { z } from 'zod'
import { labelPattern, promptNamePattern, slugPattern } from '../flow/schema.ts'

export const secretRefPattern = /^secret:([a-z][a-z0-9_]{0,63})$/
/** In header values: `Bearer ${secret:name}`. */
export const secretInText = /\$\{secret:([^}]*)\}/g
const secretName = /^[a-z][a-z0-9_]{0,63}$/

const secretFound = { code: 'secret_in_file' }

export const text = (max: number) => z.string().max(max)

export const slug = z
  .string()
  .regex(slugPattern, 'must be 1 to 63 characters of a-z, 0-9 and -, and begin with a letter or digit')

/** Connections, consumers, keys, webhooks: names that appear in paths, logs and `connection/model`. */
export const ident = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/,
    'must be 1 to 63 letters, digits, ".", "_" or "-", and begin with a letter or digit',
  )

export const label = z
  .string()
  .regex(labelPattern, 'must be 1 to 32 characters of a-z, 0-9 and -, and begin with a letter')

/** A Label that a person may set; `draft` always means the last saved draft. */
export const ownLabel = label.refine(
  (name) => name !== 'draft',
  'cannot be set: the label "draft" is reserved',
)

export const variantName = z
  .string()
  .regex(
    /^[a-z][a-z0-9_-]{0,39}$/,
    'must be 1 to 40 characters of a-z, 0-9, _ and -, and begin with a letter',
  )

export const metadataName = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,39}$/, 'must be 1 to 40 characters of a-z, 0-9 and _, and begin with a letter')

export const promptName = z
  .string()
  .max(200)
  .regex(promptNamePattern, 'must be a path of names below prompts/, such as help/answer')

export const versionNumber = z.int().min(1).max(999_999_999)
export const versionKey = z.string().regex(/^[1-9]\d{0,8}$/, 'must be a version number')

/** A Label or a Version number, as text. */
export const reference = z.union([label, versionNumber]).transform(String)

export const secretRef = z.string().check((context) => {
  if (secretRefPattern.test(context.value)) return
  const meant = context.value.startsWith('secret:')
  context.issues.push({
    code: 'custom',
    input: context.value,
    message: meant
      ? 'must be "secret:" and a name of a-z, 0-9 and _, at most 64 characters'
      : 'must be a reference like "secret:openai_key"; give the value itself as SLUICE_SECRET_OPENAI_KEY',
    ...(meant ? {} : { params: secretFound }),
  })
})

const headerName = z
  .string()
  .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,80}$/, 'is not a valid header name')
  .refine((name) => !hopByHop.has(name.toLowerCase()), 'cannot be set: it belongs to the transport')
const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'host',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])
const credentialHeader = /^(authorization|proxy-authorization|cookie|.*api-?key|.*-(token|secret|auth))$/i

/** Header names and values; values may hold `${secret:name}`. */
export const headers = z.record(headerName, text(8_000)).check((context) => {
  const issue = (name: string, message: string, params?: { code: string }) =>
    context.issues.push({
      code: 'custom',
      input: context.value,
      path: [name],
      message,
      ...(params ? { params } : {}),
    })
  for (const [name, value] of Object.entries(context.value)) {
    if (/[\r\n\0]/.test(value)) issue(name, 'must be one line')
    const refs = [...value.matchAll(secretInText)]
    for (const [, inner = ''] of refs) {
      if (!secretName.test(inner))
        // biome-ignore lint/suspicious/noTemplateCurlyInString: the form that files hold
        issue(name, 'has a bad secret reference; write "${secret:name}" with a name of a-z, 0-9 and _')
    }
    if (refs.length === 0 && credentialHeader.test(name) && value !== '') {
      // biome-ignore lint/suspicious/noTemplateCurlyInString: as above
      issue(name, 'must take its credential by reference, as in "Bearer ${secret:name}"', secretFound)
    }
  }
})

export const httpUrl = z
  .string()
  .max(2_000)
  .check((context) => {
    const issue = (message: string, params?: { code: string }) =>
      context.issues.push({ code: 'custom', input: context.value, message, ...(params ? { params } : {}) })
    const url = URL.canParse(context.value) ? new URL(context.value) : undefined
    if (url === undefined || !/^https?:$/.test(url.protocol))
      issue('must be a URL that begins with http:// or https://')
    else if (url.username !== '' || url.password !== '')
      issue('must not hold a user or password', secretFound)
    else if (url.hash !== '') issue('must not have a part behind "#"')
  })

const portText = '([1-9]\\d{0,3}|[1-5]\\d{4}|6[0-4]\\d{3}|65[0-4]\\d{2}|655[0-2]\\d|6553[0-5])'
export const listenAddress = z
  .string()
  .regex(
    new RegExp(`^(\\[[0-9a-fA-F:.]+\\]|[A-Za-z0-9.-]+):(0|${portText})$`),
    'must be an address and a port, such as 127.0.0.1:7421',
  )
export const hostName = z
  .string()
  .max(260)
  .regex(
    new RegExp(`^(\\[[0-9a-fA-F:.]+\\]|[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?)(:${portText})?$`),
    'must be a host name, with or without a port',
  )
/** Of the egress list: `*.example.com` allows every name below. */
export const hostPattern = z
  .string()
  .max(260)
  .regex(
    new RegExp(
      `^(\\*|(\\*\\.)?[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\\[[0-9a-fA-F:.]+\\])(:${portText})?$`,
    ),
    'must be a host name; "*." before it allows all names below',
  )

const octet = '(25[0-5]|2[0-4]\\d|1?\\d?\\d)'
export const address = z
  .string()
  .regex(
    new RegExp(
      `^((${octet}\\.){3}${octet}(/(3[0-2]|[12]?\\d))?|(?=[^/]*:)[0-9a-fA-F:.]{2,45}(/(12[0-8]|1[01]\\d|[1-9]?\\d))?)$`,
    ),
    'must be an IP address or a range such as 10.0.0.0/8',
  )

export const origin = z
  .string()
  .max(300)
  .check((context) => {
    const url = URL.canParse(context.value) ? new URL(context.value) : undefined
    if (url === undefined || !/^https?:$/.test(url.protocol) || url.origin !== context.value) {
      context.issues.push({
        code: 'custom',
        input: context.value,
        message: 'must be an origin such as https://app.example.com, without a path',
      })
    }
  })

/** A day or a moment, as quoted text. */
export const time = z
  .string()
  .regex(
    /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2}))?$/,
    'must be a day or time such as "2027-03-01" or "2027-03-01T12:00:00Z"',
  )
  .refine(isOfCalendar, 'is not a day of the calendar')

/** `Date.parse` takes 30 February for 2 March. */
function isOfCalendar(value: string): boolean {
  const day = value.slice(0, 10)
  const moment = Date.parse(`${day}T00:00:00Z`)
  return !Number.isNaN(Date.parse(value)) && new Date(moment).toISOString().startsWith(day)
}
