// XML as JSON and back: elements, attributes, text and their order survive the round trip. Comments, processing
// instructions and a plain DOCTYPE are dropped; entity declarations are refused, so nothing outside is ever read.
import { AppError } from '../errors.ts'
import { isJsonObject, type Json } from '../json.ts'

/** `{ name: 'p', attributes: { id: '1' }, children: ['Hello ', { name: 'b', children: ['you'] }] }` */
export interface XmlElement {
  readonly name: string
  readonly attributes?: Readonly<Record<string, string>>
  readonly children?: readonly (XmlElement | string)[]
}

const maxDepth = 256
const nameAt = /[A-Za-z_:\u0080-\uffff][A-Za-z0-9_:.\-\u0080-\uffff]*/y
const space = /[ \t\r\n]*/y
const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

/** Throws `flow_error` with line and column. */
export function parseXml(text: string): XmlElement {
  return new Reader(text).document()
}

interface Open {
  readonly name: string
  readonly attributes: readonly (readonly [string, string])[]
  readonly children: (XmlElement | string)[]
  text: string
}

class Reader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n')
  }

  document(): XmlElement {
    this.#misc()
    if (!this.#text.startsWith('<', this.#at)) throw this.#error('an element must begin here')
    const root = this.#element()
    this.#misc()
    if (this.#at < this.#text.length) throw this.#error('there is more after the root element')
    return root
  }

  /** Space, comments, instructions and DOCTYPE around the root element. */
  #misc(): void {
    for (;;) {
      this.#match(space)
      if (this.#text.startsWith('<!DOCTYPE', this.#at)) this.#doctype()
      else if (!this.#skip('<?', '?>') && !this.#skip('<!--', '-->')) return
    }
  }

  #doctype(): void {
    const end = this.#text.indexOf('>', this.#at)
    const declaration = this.#text.slice(this.#at, end < 0 ? undefined : end)
    if (end < 0 || declaration.includes('[')) throw this.#error('declarations in a DOCTYPE are not allowed')
    this.#at = end + 1
  }

  #skip(from: string, to: string): boolean {
    if (!this.#text.startsWith(from, this.#at)) return false
    const end = this.#text.indexOf(to, this.#at + from.length)
    if (end < 0) throw this.#error(`"${from}" is not closed`)
    this.#at = end + to.length
    return true
  }

  /** Without recursion: the depth of a document is the sender's choice. */
  #element(): XmlElement {
    const open: Open[] = []
    for (;;) {
      const inner = open.at(-1)
      if (inner === undefined || (this.#text.startsWith('<', this.#at) && !this.#special(inner))) {
        const done = this.#tag(open)
        if (done !== undefined) return done
      } else if (!this.#text.startsWith('<', this.#at)) this.#characters(inner)
    }
  }

  /** Comments, instructions and CDATA inside an element. */
  #special(inner: Open): boolean {
    if (this.#skip('<!--', '-->') || this.#skip('<?', '?>')) return true
    const start = this.#at + '<![CDATA['.length
    if (!this.#skip('<![CDATA[', ']]>')) return false
    inner.text += this.#text.slice(start, this.#at - ']]>'.length)
    return true
  }

  #characters(inner: Open): void {
    const next = this.#text.indexOf('<', this.#at)
    if (next < 0) throw this.#error(`<${inner.name}> is not closed`)
    inner.text += this.#decode(this.#text.slice(this.#at, next), this.#at)
    this.#at = next
  }

  /** A start or end tag. Gives the root element when it is closed. */
  #tag(open: Open[]): XmlElement | undefined {
    const start = this.#at
    this.#at += 1
    if (this.#text.startsWith('/', this.#at)) {
      this.#at += 1
      const name = this.#name()
      const inner = open.at(-1)
      if (inner?.name !== name) throw this.#error(`</${name}> closes <${inner?.name ?? ''}>`, start)
      this.#match(space)
      this.#expect('>')
      return this.#close(open)
    }
    const name = this.#name()
    const attributes = this.#attributes()
    if (open.length >= maxDepth) throw this.#error(`elements are nested deeper than ${maxDepth}`, start)
    flush(open.at(-1))
    open.push({ name, attributes, children: [], text: '' })
    const empty = this.#text.startsWith('/', this.#at)
    if (empty) this.#at += 1
    this.#expect('>')
    return empty ? this.#close(open) : undefined
  }

  #close(open: Open[]): XmlElement | undefined {
    const done = open.pop() as Open
    flush(done)
    const element: XmlElement = {
      name: done.name,
      ...(done.attributes.length === 0 ? {} : { attributes: Object.fromEntries(done.attributes) }),
      ...(done.children.length === 0 ? {} : { children: done.children }),
    }
    const parent = open.at(-1)
    if (parent === undefined) return element
    parent.children.push(element)
    return undefined
  }

  #attributes(): (readonly [string, string])[] {
    const attributes: (readonly [string, string])[] = []
    for (;;) {
      const gap = this.#match(space)
      if (/^[/>]?$/.test(this.#text[this.#at] ?? '')) return attributes
      if (gap === '') throw this.#error('a space must stand before an attribute')
      const start = this.#at
      const name = this.#name()
      if (attributes.some(([known]) => known === name))
        throw this.#error(`attribute "${name}" is there twice`, start)
      this.#match(space)
      this.#expect('=')
      this.#match(space)
      const quote = this.#text[this.#at]
      const end = quote === '"' || quote === "'" ? this.#text.indexOf(quote, this.#at + 1) : -1
      if (end < 0) throw this.#error(`the value of "${name}" must stand in quotes`)
      const raw = this.#text.slice(this.#at + 1, end)
      if (raw.includes('<')) throw this.#error(`"<" stands in the value of "${name}"`)
      attributes.push([name, this.#decode(raw.replace(/[\t\n]/g, ' '), this.#at + 1)])
      this.#at = end + 1
    }
  }

  #name(): string {
    const name = this.#match(nameAt)
    if (name === '') throw this.#error('a name must stand here')
    return name
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)?.[0] ?? ''
    this.#at += found.length
    return found
  }

  #expect(character: string): void {
    if (this.#text[this.#at] !== character) throw this.#error(`"${character}" must stand here`)
    this.#at += 1
  }

  #decode(raw: string, start: number): string {
    if (!raw.includes('&')) return raw
    return raw.replace(
      /&(?:#(?:x([0-9A-Fa-f]{1,6})|([0-9]{1,7}))|([A-Za-z]+));|&/g,
      (whole, hex, decimal, name, at) => {
        if (name !== undefined && Object.hasOwn(entities, name)) return entities[name] as string
        const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)
        if (isCharacter(code)) return String.fromCodePoint(code)
        throw this.#error(`"${whole}" is no known entity`, start + (at as number))
      },
    )
  }

  #error(message: string, at = this.#at): AppError {
    const before = this.#text.slice(0, at)
    const line = before.split('\n').length
    const column = at - before.lastIndexOf('\n')
    return new AppError('flow_error', {
      message: `The XML cannot be read: ${message} (line ${line}, column ${column}).`,
      details: { reason: 'xml', line, column },
    })
  }
}

function flush(open: Open | undefined): void {
  if (open === undefined || open.text === '') return
  open.children.push(open.text)
  open.text = ''
}

function isCharacter(code: number): boolean {
  if (code < 0x20) return code === 9 || code === 10 || code === 13
  return code <= 0xd7ff || (code >= 0xe000 && code <= 0xfffd) || (code >= 0x10000 && code <= 0x10ffff)
}

/** The inverse of `parseXml`. Throws `flow_error` with a JSON pointer. */
export function writeXml(value: Json): string {
  return write(value, '', 0)
}

const wholeName = new RegExp(`^(?:${nameAt.source})$`)
function write(value: Json | undefined, path: string, depth: number): string {
  if (typeof value === 'string') return escaped(value, path, false)
  if (!isJsonObject(value))
    throw unwritable(path, 'must be an element ({ name, attributes, children }) or a text')
  const { name, attributes = {}, children = [], ...rest } = value
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined)
    throw unwritable(`${path}/${unknown}`, 'is not known; there are name, attributes and children')
  if (depth >= maxDepth) throw unwritable(path, `is nested deeper than ${maxDepth}`)
  if (typeof name !== 'string' || !wholeName.test(name))
    throw unwritable(`${path}/name`, 'must be the name of an element')
  if (!isJsonObject(attributes)) throw unwritable(`${path}/attributes`, 'must be an object of texts')
  if (!Array.isArray(children)) throw unwritable(`${path}/children`, 'must be a list')
  let tag = `<${name}`
  for (const [key, text] of Object.entries(attributes)) {
    const at = `${path}/attributes/${key}`
    if (typeof text !== 'string' || !wholeName.test(key)) throw unwritable(at, 'must be a name with a text')
    tag += ` ${key}="${escaped(text, at, true)}"`
  }
  if (children.length === 0) return `${tag}/>`
  const inner = children.map((child: Json, index) => write(child, `${path}/children/${index}`, depth + 1))
  return `${tag}>${inner.join('')}</${name}>`
}

function escaped(text: string, path: string, inAttribute: boolean): string {
  if (!Array.from(text).every((sign) => isCharacter(sign.codePointAt(0) ?? 0)))
    throw unwritable(path, 'holds a character that XML cannot hold')
  const plain = text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('\r', '&#13;')
  return inAttribute
    ? plain.replaceAll('"', '&quot;').replaceAll('\n', '&#10;').replaceAll('\t', '&#9;')
    : plain
}

function unwritable(path: string, message: string): AppError {
  return new AppError('flow_error', {
    message: `The value cannot be written as XML: "${path || '/'}" ${message}.`,
    details: { reason: 'xml', path },
  })
}
