import { describe, expect, it } from 'vitest'
import { hostileTexts } from '../../test/contract/hostile-texts.ts'
import { AppError } from '../errors.ts'
import { engine } from './liquid.ts'
import { parseTemplate, templateProblem, templateVariables } from './template.ts'

const render = (text: string, values: Record<string, unknown> = {}) => parseTemplate(text).render(values)
const failure = (work: () => unknown): AppError => {
  try {
    work()
  } catch (error) {
    if (error instanceof AppError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('rendering', () => {
  it.each([
    ['Hello {{ name }}!', { name: 'Kim' }, 'Hello Kim!'],
    ['{{ n }} {{ yes }} {{ none }}|', { n: 1.5, yes: true, none: null }, '1.5 true |'],
    ['{{ data }}', { data: { b: [1, 'x'], a: null } }, '{"b":[1,"x"],"a":null}'],
    ['{{ list }}', { list: ['a', 'b'] }, '["a","b"]'],
    ['{% for x in list %}{{ x }};{% endfor %}', { list: ['a', { b: 1 }] }, 'a;{"b":1};'],
    ['a  {{- name -}}  b', { name: 'X' }, 'aXb'],
    ['{{ user.name | upcase }}', { user: { name: 'kim' } }, 'KIM'],
    ['{% raw %}{{ name }}{% endraw %}', {}, '{{ name }}'],
    ['{% assign t = name | append: "!" %}{{ t }}', { name: 'x' }, 'x!'],
    ['{{ "2020-01-02T03:04:05Z" | date: "%Y %H" }}', {}, '2020 03'],
    ['{{ data | json }}', { data: { a: 1 } }, '{"a":1}'],
    ['', {}, ''],
  ])('%s', (text, values, expected) => {
    expect(render(text, values)).toBe(expected)
  })

  it('gives the same text by the fast path as by Liquid', () => {
    const values = {
      a: 'A<b>&"',
      b: 2,
      c: [1, { d: 'x' }],
      d: { e: null },
      e: null,
      f: false,
      'g-h': '{{ a }}',
    }
    const names = Object.keys(values)
    let seed = 7
    const next = (n: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
      return seed % n
    }
    const texts = ['', ' ', '\n', '  x\n', '{ ', '}', '%}', '🙂 ', "'", '\\']
    for (let round = 0; round < 2_000; round += 1) {
      let text = ''
      for (let piece = next(6); piece >= 0; piece -= 1) {
        text += texts[next(texts.length)]
        text += `${['{{', '{{-', '{{ '][next(3)]}${names[next(names.length)]}${['}}', '-}}', ' }}', '|raw}}'][next(4)]}`
      }
      const liquid = engine('text')
      expect(render(text, values)).toBe(liquid.renderSync(liquid.parse(text), values))
    }
  })

  it('percent-encodes every value inside a URL', () => {
    const url = parseTemplate('https://a.example/{{ path }}?q={{ q | upcase }}', 'url')
    expect(url.render({ path: '../x', q: 'ä &' })).toBe('https://a.example/..%2Fx?q=%C3%84%20%26')
  })

  it('does not change the values it is given', () => {
    const values = Object.freeze({ n: 1 })
    expect(render('{% increment n %}{% increment n %}', values)).toBe('12')
    expect(values).toEqual({ n: 1 })
  })
})

describe('variables', () => {
  it.each([
    ['{{ a }} {{ b.c }} {{ a }}', ['a', 'b']],
    ['{{ a | default: "x" }}', ['a?']],
    ['{{ a | upcase | default: "x" }}', ['a']],
    ['{{ a | default: b }}', ['a?', 'b']],
    ['{{ a | default: "x" }}{{ a }}', ['a']],
    ['{% if a %}{{ a }}{{ b }}{% endif %}', ['a?', 'b']],
    ['{% if a == "x" or b %}{{ b }}{% else %}{{ a }}{% endif %}', ['a?', 'b?']],
    ['{% unless a %}none{% endunless %}', ['a?']],
    ['{% if a %}1{% elsif b %}{{ b }}{% endif %}{{ b }}', ['a?', 'b']],
    ['{% case a %}{% when "x" %}{{ a }}{% endcase %}', ['a?']],
    ['{% if a %}{% for x in a %}{{ x }}{{ forloop.index }}{% endfor %}{% endif %}', ['a?']],
    ['{% for x in a %}{{ x }}{% endfor %}', ['a']],
    ['{% assign t = a | default: 1 %}{{ t }}', ['a?']],
    ['{% assign t = 1 %}{{ t }}', []],
    ['{% capture t %}{{ a }}{% endcapture %}{{ t }}', ['a']],
    ['{% if user.name %}{{ user.name }}{% endif %}', ['user?']],
    ['{% comment %}{{ a }}{% endcomment %}{% raw %}{{ b }}{% endraw %}', []],
  ])('%s reads %j', (text, expected) => {
    expect(templateVariables(text).map(({ name, required }) => (required ? name : `${name}?`))).toEqual(
      expected,
    )
  })

  it('renders without its optional variables', () => {
    const text = 'Be {{ tone | default: "kind" }}.{% if note %} Note: {{ note }}.{% endif %}'
    expect(render(text)).toBe('Be kind.')
    expect(render(text, { tone: 'brief', note: 'late' })).toBe('Be brief. Note: late.')
  })

  it('names missing variables with the place of the first', () => {
    const error = failure(() => render('Hi {{ name }},\nbe {{ tone }}', { name: undefined }))
    expect(error.code).toBe('flow_error')
    expect(error.message).toBe('The template needs a value for "name", "tone" (line 1, column 7).')
    expect(error.details).toEqual({ reason: 'template', line: 1, column: 7, variable: 'name' })
  })

  it('names a missing property with its place', () => {
    const error = failure(() => render('Hi\n  {{ user.name }}', { user: {} }))
    expect(error.details).toMatchObject({ line: 2, column: 6, variable: 'user.name' })
  })

  it('refuses names that cannot be ports', () => {
    expect(templateProblem('{{ when }}')).toContain('"when" cannot be a variable')
    expect(templateProblem('{{ größe }}')).toBe(
      '"größe" cannot be a variable: use letters, digits, "_" and "-" (line 1, column 4).',
    )
  })
})

describe('fencing', () => {
  const fence = (text: string) => `<${text}>`
  const fenced = (text: string, values: Record<string, unknown>) =>
    parseTemplate(text).render(values, { variables: new Set(['page']), fence })

  it.each([
    ['Sum up {{ page }} for {{ who }}', 'Sum up <a b> for me'],
    ['{{ page | upcase }} {{ who | upcase }}', '<A B> ME'],
    ['{{ page | truncate: 2, "" }}{{ who }}', '<a >me'],
    ['{{ page | split: " " | last }}', '<b>'],
    ['{% assign p = page | append: "!" %}{{ p }}{{ who }}', '<a b!>me'],
    ['{% assign p = who %}{% assign q = p | append: page %}{{ p }}{{ q }}', 'me<mea b>'],
    ['{% capture c %}x{{ page }}{% endcapture %}{{ c | upcase }}', '<X<A B>>'],
    ['{% for w in list %}{{ w }}{% endfor %}{{ page }}', '12<a b>'],
    ['{% if page %}{{ who }}{% endif %}', 'me'],
    ['{% echo page %}', '<a b>'],
    ['{{ who | append: page }}', '<mea b>'],
    ['{{ map[page] | default: "none" }}', '<none>'],
    ['{% assign p = "" %}{% for w in list %}{{ p }}{% assign p = page %}{% endfor %}', '<><a b>'],
    ['{% liquid\necho page\n%}', '<a b>'],
  ])('%s puts what is from outside inside the fence', (text, expected) => {
    expect(fenced(text, { page: 'a b', who: 'me', list: [1, 2], map: {} })).toBe(expected)
  })

  it('fences items, keys and whole objects of a structured value', () => {
    const page = { docs: [{ title: 'T1' }, { title: 'T2' }] }
    expect(fenced('{% for d in page.docs %}{{ d.title }};{% endfor %}', { page })).toBe('<T1>;<T2>;')
    expect(fenced('{% for pair in page %}{{ pair[0] }}{% endfor %}', { page })).toBe('<docs>')
    expect(fenced('{{ page }}', { page })).toBe('<{"docs":[{"title":"T1"},{"title":"T2"}]}>')
    expect(fenced('{{ page.docs | first }}', { page })).toBe('<{"title":"T1"}>')
  })

  it('leaves everything as it is without values from outside', () => {
    expect(parseTemplate('{{ page | upcase }}').render({ page: 'a' })).toBe('A')
  })

  it('refuses the tag whose output it cannot fence', () => {
    expect(() => fenced('{% cycle page, "x" %}', { page: 'a' })).toThrow('"cycle" cannot put out')
  })
})

describe('what a template cannot do', () => {
  it.each([
    ['line one\n{{ a | nothing }}', 'undefined filter: nothing', 2],
    ['{% if a %}', 'not closed', 1],
    ['\n\n{% include "x" %}', 'tag "include" not found', 3],
    ['{% render "x" %}', 'tag "render" not found', 1],
    ['{% layout "x" %}', 'tag "layout" not found', 1],
    ['{% block x %}{% endblock %}', 'tag "block" not found', 1],
    ['{{ a | sample }}', 'undefined filter: sample', 1],
    ['{{ a', 'not closed', 1],
  ])('%s is refused', (text, message, line) => {
    const error = failure(() => parseTemplate(text))
    expect(error.code).toBe('flow_error')
    expect(error.message).toContain(message)
    expect(error.details).toMatchObject({ line })
  })

  it.each(['{{ "now" | date: "%s" }}', '{{ "today" | date_to_string }}'])('%s: knows no clock', (text) => {
    expect(failure(() => render(text)).message).toContain('context node')
  })

  it('reads own properties only', () => {
    class Person {
      name = 'Kim'
      get secret() {
        return 'hidden'
      }
    }
    expect(render('{{ p.name }}', { p: new Person() })).toBe('Kim')
    expect(failure(() => render('{{ p.secret }}', { p: new Person() })).code).toBe('flow_error')
    expect(failure(() => render('{{ p.constructor }}', { p: {} })).code).toBe('flow_error')
  })

  it('is stopped when it takes too much time, memory or room', () => {
    const many = Array.from({ length: 3_000 }, (_, i) => i)
    const loops = '{% for a in l %}{% for b in l %}{% for c in l %}{% endfor %}{% endfor %}{% endfor %}'
    expect(failure(() => render(loops, { l: many })).message).toContain('limit exceeded')
    expect(failure(() => render('{% for a in (1..100000000) %}{% endfor %}')).message).toContain('memory')
    const doubling =
      '{% assign s = "x" %}{% for i in (1..60) %}{% capture s %}{{ s }}{{ s }}{% endcapture %}{% endfor %}{{ s }}'
    expect(failure(() => render(doubling)).code).toBe('flow_error')
    expect(failure(() => parseTemplate('x'.repeat((1 << 20) + 1))).message).toContain('parse length limit')
  })

  it.each(hostileTexts)('%s stays text or is refused', (payload) => {
    const canary = 'canary-5f1c'
    process.env.SLUICE_CANARY = canary
    const before = Object.getOwnPropertyNames(Object.prototype).length
    for (const text of [payload, `{{ ${payload} }}`, `{% assign x = ${payload} %}{{ x }}`]) {
      let shown = ''
      try {
        shown = render(text, { value: payload, user: { name: payload } })
      } catch (error) {
        expect(error).toBeInstanceOf(AppError)
        expect((error as AppError).code).toBe('flow_error')
      }
      expect(shown).not.toContain(canary)
      expect(shown).not.toMatch(/\[native code\]|\[object process\]|node_modules/)
    }
    expect(render('{{ value }}', { value: payload })).toBe(payload)
    expect(Object.getOwnPropertyNames(Object.prototype).length).toBe(before)
  })
})
