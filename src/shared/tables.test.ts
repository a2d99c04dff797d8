import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { TableReader, type Row } from './table.ts'
import { SharedTables } from './tables.ts'

const secret = new Uint8Array(16)

test('a table that nobody has filled is empty, and the same one is filled later', () => {
  const tables = new SharedTables(secret)
  const reader = new TableReader(tables.attach())
  const rows = reader.table<number>('rows')
  assert.equal(rows.get('a'), undefined)
  tables.patch('rows', { put: [['a', 1]] })
  assert.equal(rows.get('a'), 1)
  tables.patch('others', { put: [['a', 2]] })
  assert.equal(rows.get('a'), 1)
  assert.equal(reader.table('others').get('a'), 2)
})

test('a worker that comes later reads what is there', () => {
  const tables = new SharedTables(secret)
  for (let i = 0; i < 1_000; i++) tables.patch('rows', { put: [[`key ${i}`, { i }]] })
  const rows = new TableReader(tables.attach()).table('rows')
  for (let i = 0; i < 1_000; i++) assert.deepEqual(rows.get(`key ${i}`), { i })
})

test('rows that a replacement does not name are gone', () => {
  const tables = new SharedTables(secret)
  const rows = new TableReader(tables.attach()).table('rows')
  tables.replace(
    'rows',
    new Map([
      ['a', 1],
      ['b', 2],
    ]),
  )
  tables.replace(
    'rows',
    new Map([
      ['b', 3],
      ['c', 4],
    ]),
  )
  assert.deepEqual(
    ['a', 'b', 'c'].map(key => rows.get(key)),
    [undefined, 3, 4],
  )
})

test('keys and values are any text', () => {
  const tables = new SharedTables(secret)
  const rows = new TableReader(tables.attach()).table('rows')
  for (const key of ['', '"', 'ключ', '\u0000', '🔑', '__proto__', 'a'.repeat(10_000)]) {
    tables.patch('rows', { put: [[key, { key }]] })
    assert.deepEqual(rows.get(key), { key })
  }
})

test('it is a Map, whatever is put in and taken away', () => {
  const change = fc.record({
    table: fc.constantFrom('one', 'two'),
    key: fc.integer({ min: 0, max: 300 }).map(n => `key ${n}`),
    value: fc.option(fc.string({ maxLength: 200 }), { nil: undefined }),
  })
  fc.assert(
    fc.property(fc.array(change, { maxLength: 1_500, size: 'max' }), changes => {
      const tables = new SharedTables(secret)
      const reader = new TableReader(tables.attach())
      const model = new Map<string, string>()
      for (const { table, key, value } of changes) {
        if (value === undefined) tables.patch(table, { remove: [key] })
        else tables.patch(table, { put: [[key, value]] })
        if (value === undefined) model.delete(`${table} ${key}`)
        else model.set(`${table} ${key}`, value)
        assert.equal(reader.table(table).get(key), value)
      }
      for (const table of ['one', 'two'])
        for (let n = 0; n <= 300; n++)
          assert.equal(reader.table(table).get(`key ${n}`), model.get(`${table} key ${n}`))
    }),
    { numRuns: 30 },
  )
})

test('a row that was read is current until it is another one, and what becomes of others is nothing to it', () => {
  const tables = new SharedTables(secret)
  const rows = new TableReader(tables.attach()).table<number>('rows')
  assert.equal(rows.row('a'), undefined)
  tables.patch('rows', {
    put: [
      ['a', 1],
      ['b', 1],
    ],
  })
  const first = rows.row('a')!
  assert.deepEqual([first.value, first.mark.isCurrent()], [1, true])
  tables.patch('rows', { put: [['a', 1]], remove: ['b'] })
  assert.equal(first.mark.isCurrent(), true)
  tables.patch('rows', { put: [['a', 2]] })
  assert.equal(first.mark.isCurrent(), false)
  // The same again is another row: who has concluded something may have been told otherwise in between.
  tables.patch('rows', { put: [['a', 1]] })
  assert.equal(first.mark.isCurrent(), false)
  const again = rows.row('a')!
  tables.patch('rows', { remove: ['a'] })
  assert.equal(again.mark.isCurrent(), false)
  tables.patch('rows', { put: [['c', 3]] })
  assert.equal(again.mark.isCurrent(), false)
})

test('no row that was read is ever current where the table says otherwise', () => {
  const change = fc.record({
    key: fc.integer({ min: 0, max: 60 }).map(n => `key ${n}`),
    value: fc.option(fc.string({ maxLength: 100 }), { nil: undefined }),
  })
  fc.assert(
    fc.property(fc.array(change, { maxLength: 600, size: 'max' }), changes => {
      const tables = new SharedTables(secret)
      const rows = new TableReader(tables.attach()).table<string>('rows')
      const read = new Map<string, Row<string>>()
      let current = 0
      for (const { key, value } of changes) {
        if (value === undefined) tables.patch('rows', { remove: [key] })
        else tables.patch('rows', { put: [[key, value]] })
        for (const [name, row] of read)
          if (!row.mark.isCurrent()) read.delete(name)
          else {
            assert.equal(rows.get(name), row.value)
            current++
          }
        const row = rows.row(key)
        if (row !== undefined) read.set(key, row)
      }
      // Not by never being current.
      assert.ok(changes.length < 100 || current > changes.length)
    }),
    { numRuns: 50 },
  )
})
