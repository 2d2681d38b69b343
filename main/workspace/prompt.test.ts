import { describe, expect, test } from 'vitest'
import { examplePrompt } from '../../test/files/example.ts'
import { formatPrompt, readPrompt, writePrompt } from './prompt.ts'

const head = '---\nformat: sluice/prompt@1\nvariables:\n  question: { type: text }\n---\n'
const told = (text: string) =>
  readPrompt('answer', text).problems.map(
    ({ line, column, severity, message }) => `${line}:${column} ${severity}: ${message}`,
  )

test('reads front matter and blocks', () => {
  expect(readPrompt('help/answer', examplePrompt)).toMatchObject({
    problems: [],
    prompt: {
      format: 'sluice/prompt@1',
      name: 'help/answer',
      description: 'Friendly support answer',
      tags: ['support'],
      variables: { question: { type: 'text', sample: 'Where is my parcel?' } },
      blocks: [
        { role: 'system', text: 'You help customers of a parcel service. Be friendly and brief.' },
        { role: 'user', text: '{{ question }}' },
      ],
    },
  })
})

describe('the text between two markers is exact, less the line breaks next to them', () => {
  const blocks = (body: string) =>
    readPrompt('x', `---\nformat: sluice/prompt@1\n---\n${body}`).prompt?.blocks.map(({ text }) => text)
  test.each([
    ['=== user\nhello\n', ['hello']],
    ['=== user\n\nhello\n\n', ['\nhello\n']],
    ['=== user\n=== assistant\nyes\n', ['', 'yes']],
    ['=== user\n  two\n\tlines \n', ['  two\n\tlines ']],
    ['=== user\n---\nformat: x\n', ['---\nformat: x']],
    ['=== user\n\\=== system\n', ['=== system']],
    ['=== user\n\\\\=== system\n', ['\\=== system']],
    ['=== user\n=== systems\n === user\n\\=== foo\n', ['=== systems\n === user\n\\=== foo']],
  ])('%j', (body, texts) => {
    expect(blocks(body)).toEqual(texts)
  })
})

test('an unchanged prompt is written as it was', () => {
  const { prompt } = readPrompt('answer', examplePrompt)
  const text = prompt && writePrompt(prompt)
  const short = 'variables: { question: { type: text, sample: Where is my parcel? } }'
  expect(text).toBe(examplePrompt.replace(/variables:\n.*/, short))
  expect(formatPrompt(examplePrompt)).toBe(text)
})

describe('variables', () => {
  const cases: readonly [string, string, string[]][] = [
    [
      'undeclared',
      `${head}=== user\n{{ question }}\n\nand {{ tone }}\n`,
      ['9:8 error: the variable "tone" is not declared'],
    ],
    [
      'misspelt',
      `${head}=== user\n{{ qestion }}{{ question }}\n`,
      ['7:4 error: the variable "qestion" is not declared; did you mean "question"?'],
    ],
    ['unused', `${head}=== user\nhello\n`, ['4:3 error: the variable "question" is declared but not used']],
    [
      'behind an escaped marker line',
      `${head}=== user\n\\=== system\n{{ question }}{{ x }}\n`,
      ['8:18 error: the variable "x" is not declared'],
    ],
    [
      'of an unknown type',
      head.replace('type: text', 'type: string').concat('=== user\n{{ question }}\n'),
      ['4:21 error: "type" must be "text", '],
    ],
    [
      'with a default of another type',
      head.replace('type: text', 'type: number, default: soon').concat('=== user\n{{ question }}\n'),
      ['4:38 error: "default" of the variable "question" is not of its type number'],
    ],
    [
      'with a sample of another type',
      head.replace('type: text', 'type: list<number>, sample: [1, x]').concat('=== user\n{{ question }}\n'),
      ['4:43 error: "sample" of the variable "question" is not of its type list<number>'],
    ],
  ]
  test.each(cases)('%s', (_what, text, expected) => {
    const found = told(text)
    expect(found).toHaveLength(expected.length)
    expected.forEach((sentence, index) => {
      expect(found[index]).toContain(sentence)
    })
  })

  test('a template that does not parse is told at its place', () => {
    expect(told(`${head}=== user\n{{ question }}\n{% if %}\n`)[0]).toMatch(
      /^8:\d+ error: The template cannot be used/,
    )
  })
})

describe('the form', () => {
  const cases: readonly [string, string, string][] = [
    [
      'no front matter',
      '=== user\nhello\n',
      '1:1 error: a prompt begins with front matter between two lines "---"',
    ],
    [
      'front matter without end',
      '---\nformat: sluice/prompt@1\n=== user\n',
      '1:1 error: the front matter is never closed with a line "---"',
    ],
    [
      'no block',
      '---\nformat: sluice/prompt@1\n---\n',
      '3:1 error: a prompt has at least one block; begin one with "=== system" or "=== user"',
    ],
    [
      'text before the first block',
      '---\nformat: sluice/prompt@1\n---\n\nhello\n=== user\nx\n',
      '5:1 error: text stands before the first block; begin one with "=== system" or "=== user"',
    ],
    [
      'a misspelt role',
      '---\nformat: sluice/prompt@1\n---\n=== sistem\nx\n=== user\ny\n',
      '4:1 error: this line is text; a block begins with "=== system"',
    ],
    [
      'a misspelt role inside a block',
      '---\nformat: sluice/prompt@1\n---\n=== user\nx\n=== Assistant\ny\n',
      '6:1 warning: this line is text; a block begins with "=== assistant"',
    ],
    [
      'an unknown field',
      '---\nformat: sluice/prompt@1\ndescripton: x\n---\n=== user\ny\n',
      '3:1 error: unknown field "descripton" in the prompt; did you mean "description"?',
    ],
    [
      'a tab in the front matter',
      '---\nformat: sluice/prompt@1\nsettings:\n\ta: 1\n---\n=== user\ny\n',
      '4:1 error: a tab cannot indent; use spaces',
    ],
    [
      'a newer format',
      '---\nformat: sluice/prompt@3\n---\n=== user\ny\n',
      '2:9 error: needs Sluice 3.0 or later: the format sluice/prompt@3 is newer than this release',
    ],
    [
      'CR LF',
      '---\r\nformat: sluice/prompt@1\r\n---\r\n=== user\r\ny\r\n',
      '1:4 error: lines end with CR LF here; save the file with LF (`sluice fmt` does it)',
    ],
  ]
  test.each(cases)('%s', (_what, text, expected) => {
    expect(told(text)[0]).toBe(expected)
  })

  test('a last line without break is only a warning', () => {
    const { prompt, problems } = readPrompt('x', '---\nformat: sluice/prompt@1\n---\n=== user\nhello')
    expect(prompt?.blocks).toEqual([{ role: 'user', text: 'hello' }])
    expect(problems.map(({ severity, line, column }) => `${severity} ${line}:${column}`)).toEqual([
      'warning 5:6',
    ])
  })
})
