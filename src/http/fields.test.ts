import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Fields, sameName } from './fields.ts'

const sample = (): Fields =>
  new Fields(['Accept', 'a', 'X-One', '1', 'ACCEPT', 'b', 'x-one', '', 'Accept-Encoding', 'gzip'])

for (const [name, first, all] of [
  ['accept', 'a', 'a, b'],
  ['x-one', '1', '1, '],
  ['accept-encoding', 'gzip', 'gzip'],
  ['accep', undefined, undefined],
  ['x-two', undefined, undefined],
] as const)
  test(`get and combined of ${name}`, () => {
    assert.equal(sample().get(name), first)
    assert.equal(sample().combined(name), all)
    assert.equal(sample().has(name), first !== undefined)
  })

describe('changes', () => {
  for (const [what, change, list] of [
    [
      'set replaces the first and removes the others',
      (f: Fields) => f.set('accept', 'z'),
      ['accept', 'z', 'X-One', '1', 'x-one', '', 'Accept-Encoding', 'gzip'],
    ],
    ['set appends what is new', (f: Fields) => f.set('New', 'z'), [...sample().list, 'New', 'z']],
    [
      'set takes the lower case name that it is given',
      (f: Fields) => f.set('X-ONE', 'z', 'x-one'),
      ['Accept', 'a', 'X-ONE', 'z', 'ACCEPT', 'b', 'Accept-Encoding', 'gzip'],
    ],
    ['add keeps what is there', (f: Fields) => f.add('Accept', 'c'), [...sample().list, 'Accept', 'c']],
    [
      'remove takes all',
      (f: Fields) => f.remove('accept'),
      ['X-One', '1', 'x-one', '', 'Accept-Encoding', 'gzip'],
    ],
    ['remove of the last', (f: Fields) => f.remove('accept-encoding'), sample().list.slice(0, 8)],
    ['remove of nothing', (f: Fields) => f.remove('host'), sample().list],
  ] as const)
    test(what, () => {
      const fields = sample()
      change(fields)
      assert.deepEqual(fields.list, list)
    })
})

describe('what is kept', () => {
  test('is put back as it was when it was kept first, and nothing else', () => {
    const fields = sample()
    for (const name of ['accept', 'new', 'accept']) {
      fields.keep(name)
      fields.set(name, 'ours')
    }
    fields.set('x-one', '2')
    fields.putBack()
    const list = ['x-one', '2', 'Accept-Encoding', 'gzip', 'Accept', 'a', 'ACCEPT', 'b']
    assert.deepEqual(fields.list, list)
    fields.set('accept', 'z')
    fields.putBack()
    assert.equal(fields.combined('accept'), 'z')
  })

  test('reads on the wire as the list does', () => {
    const fields = sample()
    fields.wrote(0, fields.wire())
    fields.keep('accept')
    fields.remove('accept')
    fields.putBack()
    assert.equal(fields.wire(), new Fields([...fields.list]).wire())
  })
})

for (const [name, lower, same] of [
  ['Host', 'host', true],
  ['hOST', 'host', true],
  ['Hosts', 'host', false],
  ['Post', 'host', false],
  ['@ost', '`ost', false],
  ['', '', true],
] as const)
  test(`${name} is ${same ? '' : 'not '}named ${lower}`, () => assert.equal(sameName(name, lower), same))
