import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { painter } from '../../telemetry/colour.ts'
import { factsText, roomOf, tableText, type Column } from './table.ts'

interface Row {
  readonly name: string
  readonly note: string
  readonly id: string
}
const columns: readonly Column<Row>[] = [
  { title: 'NAME', of: ({ name }) => name },
  { title: 'NOTE', of: ({ note }) => note, spare: 2 },
  { title: 'AGE', of: () => '7 d', spare: 1 },
  { title: 'ID', of: ({ id }) => id, colour: ({ id }) => (id === 'x' ? 'error' : null) },
]
const rows: readonly Row[] = [
  { name: 'a', note: 'a longer note', id: 'x' },
  { name: 'bread', note: '', id: 'yyyy' },
]
const plainly = painter(false)

suite('a table', () => {
  for (const [what, room, expected] of [
    [
      'as wide as it is, where it is piped',
      null,
      'NAME   NOTE           AGE  ID\na      a longer note  7 d  x\nbread                 7 d  yyyy\n',
    ],
    [
      'whole, where there is just room',
      31,
      'NAME   NOTE           AGE  ID\na      a longer note  7 d  x\nbread                 7 d  yyyy\n',
    ],
    [
      'without its first spare column',
      30,
      'NAME   NOTE           ID\na      a longer note  x\nbread                 yyyy\n',
    ],
    ['without any spare column', 12, 'NAME   ID\na      x\nbread  yyyy\n'],
    ['never without its others', 3, 'NAME   ID\na      x\nbread  yyyy\n'],
  ] as const)
    test(what, () => assert.equal(tableText(columns, rows, room, plainly), expected))

  test('a spare column that says nothing is left out', () =>
    assert.equal(
      tableText(columns, [{ ...rows[0]!, note: '' }], null, plainly),
      'NAME  AGE  ID\na     7 d  x\n',
    ))

  test('colours widen nothing', () =>
    assert.equal(
      tableText([columns[0]!, columns[3]!], rows, null, painter(true)),
      '\x1b[90mNAME\x1b[0m   \x1b[90mID\x1b[0m\na      \x1b[31mx\x1b[0m\nbread  yyyy\n',
    ))

  test('what a terminal obeys is shown', () =>
    assert.equal(
      tableText(columns.slice(0, 1), [{ ...rows[0]!, name: 'a\u001b[2J' }], null, plainly),
      'NAME\na\\u001b[2J\n',
    ))
})

test('facts, but those that are not known', () =>
  assert.equal(
    factsText(
      [
        ['name', 'a'],
        ['title', ''],
        ['created', 'now'],
      ],
      plainly,
    ),
    'name     a\ncreated  now\n',
  ))

test('room is that of a terminal', () => {
  assert.equal(roomOf({ isTTY: true, columns: 80 }), 80)
  assert.equal(roomOf({ columns: 80 }), null)
  assert.equal(roomOf({ isTTY: true, columns: 0 }), null)
})
