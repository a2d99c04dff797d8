import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Fields } from '../fields.ts'
import { RequestHeadReader } from './request.ts'
import type { HeadLimits } from './request-parser.ts'

const limits: HeadLimits = {
  requestLineBytes: 8192,
  fieldBytes: 8192,
  headBytes: 32_768,
  fieldCount: 100,
  encodedSlash: 'keep',
  emptySegments: 'keep',
  illegalCharacters: 'encode',
  underscores: 'allow',
}

/** What a serialiser that knew nothing of the text would write. */
function joined(fields: Fields): string {
  let text = ''
  for (let i = 0; i < fields.list.length; i += 2) text += `${fields.list[i]!}: ${fields.list[i + 1]!}\r\n`
  return text
}

function parse(lines: readonly string[]): Fields {
  const bytes = Buffer.from(`GET / HTTP/1.1\r\nHost: a\r\n${lines.join('')}\r\n`, 'latin1')
  const head = new RequestHeadReader(limits, 'http').read(bytes, 0)
  assert.ok(head !== null && 'fields' in head, `refused: ${JSON.stringify(lines)}`)
  return head.fields
}

for (const [what, lines] of [
  ['canonical lines', ['A: 1\r\n', 'B: 2\r\n']],
  ['white space of another form', ['A:1\r\n', 'B:  2\r\n', 'C:\t3\r\n', 'D: 4 \r\n', 'E:\r\n', 'F: \r\n']],
  [
    'lines that are not kept between those that are',
    ['A: 1\r\n', 'Connection: b\r\n', 'B: 2\r\n', 'TE: trailers\r\n', 'C: 3\r\n'],
  ],
  ['bytes above ASCII', ['A: \xe9\xff\r\n']],
] as const)
  test(`the wire text of ${what} is that of its names and values`, () => {
    const fields = parse(lines)
    assert.equal(fields.wire(), joined(fields))
  })

const name = fc.constantFrom('A', 'Bb', 'Ccc', 'a', 'X-Forwarded-For', 'Cookie')
const line = fc
  .tuple(
    name,
    fc.constantFrom('', ' ', '  ', '\t'),
    fc.constantFrom('', 'x', 'y z', 'a=b; c=d'),
    fc.constantFrom('', ' '),
  )
  .map(([field, before, value, after]) => `${field}:${before}${value}${after}\r\n`)
const change = fc.oneof(
  fc.tuple(fc.constant('set' as const), name),
  fc.tuple(fc.constant('add' as const), name),
  fc.tuple(fc.constant('remove' as const), name),
)

test('changes of the fields are changes of their wire text', () => {
  fc.assert(
    fc.property(fc.array(line, { maxLength: 8 }), fc.array(change, { maxLength: 5 }), (lines, changes) => {
      const fields = parse(lines)
      for (const [kind, field] of changes) {
        if (kind === 'set') fields.set(field, 'new')
        else if (kind === 'add') {
          const from = fields.list.length
          fields.add(field, 'more')
          if (field === 'A') fields.wrote(from, 'A: more\r\n')
        } else fields.remove(field.toLowerCase())
        assert.equal(fields.wire(), joined(fields))
      }
      assert.equal(fields.wire(), joined(fields))
    }),
  )
})
