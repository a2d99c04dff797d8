import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { array, check, constantFrom, nat, property } from 'fast-check'
import { EventStreamParser, LineParser } from './event-stream.ts'
import type { StreamItem } from './item.ts'

const parsed = (text: string, sizes: readonly number[] = []): readonly (readonly unknown[])[] => {
  const parser = new EventStreamParser(1_000)
  const bytes = Buffer.from(text)
  const items: StreamItem<string>[] = []
  let at = 0
  for (const size of [...sizes, bytes.length]) {
    items.push(...parser.push(bytes.subarray(at, at + size)))
    at += size
  }
  return items.map(({ data, id, event }) => [data, id, event])
}

suite('where to go on', () => {
  for (const [what, text, expected] of [
    ['is where it was, with nothing new', ': hello\n\n', '7'],
    ['is an id', 'id: 8\ndata: a\n\n', '8'],
    ['is an id without data', 'id: 8\n\n', '8'],
    ['is nowhere once that is said', 'id\ndata: a\n\n', ''],
    ['is no id of an event that has not ended', 'id: 8\ndata: a\n', '7'],
  ] as const)
    test(what, () => {
      const parser = new EventStreamParser(1_000, '7')
      parser.push(Buffer.from(text))
      assert.equal(parser.lastEventId, expected)
    })

  test('is said with the events that have no id of their own', () => {
    const [one] = new EventStreamParser(1_000, '7').push(Buffer.from('data: a\n\n'))
    assert.equal(one!.id, '7')
  })
})

suite('an event stream', () => {
  for (const [what, text, expected] of [
    ['data', 'data: a\n\n', [['a', null, null]]],
    ['data without a space', 'data:a\n\n', [['a', null, null]]],
    ['one space alone is left out', 'data:  a\n\n', [[' a', null, null]]],
    ['lines of data', 'data: a\ndata: b\n\n', [['a\nb', null, null]]],
    [
      'empty data',
      'data\n\ndata\ndata\n\n',
      [
        ['', null, null],
        ['\n', null, null],
      ],
    ],
    ['no data is no event', 'event: x\nid: 7\n\ndata: a\n\n', [['a', '7', null]]],
    [
      'a name',
      'event: add\ndata: 1\n\ndata: 2\n\n',
      [
        ['1', null, 'add'],
        ['2', null, null],
      ],
    ],
    [
      'an id stays',
      'id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n',
      [
        ['a', '1', null],
        ['b', '1', null],
        ['c', null, null],
      ],
    ],
    ['an id with NUL is none', 'id: 1\0\ndata: a\n\n', [['a', null, null]]],
    ['a comment', ': hello\ndata: a\n:\n\n', [['a', null, null]]],
    ['an unknown field', 'what: x\nretry: soon\ndata: a\n\n', [['a', null, null]]],
    [
      'CRLF',
      'data: a\r\ndata: b\r\n\r\ndata: c\r\n\r\n',
      [
        ['a\nb', null, null],
        ['c', null, null],
      ],
    ],
    [
      'CR',
      'data: a\rdata: b\r\rdata: c\r\r',
      [
        ['a\nb', null, null],
        ['c', null, null],
      ],
    ],
    ['a BOM', '\ufeffdata: a\n\n', [['a', null, null]]],
    ['one that has not ended is none', 'data: a\n\ndata: b\n', [['a', null, null]]],
    ['more than ASCII', 'data: 7 €\n\n', [['7 €', null, null]]],
  ] as const)
    test(what, () => {
      assert.deepEqual(parsed(text), expected)
      assert.deepEqual(
        parsed(
          text,
          Array.from(Buffer.from(text), () => 1),
        ),
        expected,
      )
    })

  test('is the same however it is cut', () => {
    const line = constantFrom('data: a', 'data', 'id: 1', 'event: é€', ':x', '', '')
    check(
      property(array(line), array(nat(7)), constantFrom('\n', '\r', '\r\n'), (lines, sizes, end) => {
        const text = lines.map(one => one + end).join('')
        assert.deepEqual(parsed(text, sizes), parsed(text))
      }),
    )
  })

  for (const [what, text] of [
    ['a line', `data: ${'x'.repeat(1_001)}`],
    ['data of several lines', `data: ${'x'.repeat(400)}\n`.repeat(3)],
    ['a comment', `:${'x'.repeat(1_001)}`],
  ] as const)
    test(`${what} longer than may be is refused before it has ended`, () =>
      assert.throws(() => new EventStreamParser(1_000).push(Buffer.from(text)), RangeError))

  test('says how long to wait', () => {
    const parser = new EventStreamParser(1_000)
    parser.push(Buffer.from('retry: 250\n'))
    assert.equal(parser.retryMs, 250)
  })
})

suite('lines of JSON', () => {
  test('each is an item, blank ones are none, the last needs no end', () => {
    const parser = new LineParser(10)
    const items = [
      ...parser.push(Buffer.from('1\r\n\n{"a"')),
      ...parser.push(Buffer.from(':2}\n3')),
      ...parser.end(),
    ]
    assert.deepEqual(
      items.map(({ data }) => JSON.parse(data) as unknown),
      [1, { a: 2 }, 3],
    )
  })

  test('one that is longer than may be is refused', () =>
    assert.throws(() => new LineParser(10).push(Buffer.from('x'.repeat(11))), RangeError))
})
