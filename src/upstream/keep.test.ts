import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Keep } from './keep.ts'

class Thing {
  readonly name: string
  drained = 0

  constructor(name: string) {
    this.name = name
  }

  drain(): void {
    this.drained++
  }
}

const reload = (keep: Keep<Thing>, names: string): Thing[] => {
  const things = names.split('').map(name => keep.get(name, () => new Thing(name)))
  keep.sweep()
  return things
}

test('what both states name is the same object, what only the old one names is drained once', () => {
  const keep = new Keep<Thing>()
  const [a, b] = reload(keep, 'ab')
  const [again, c] = reload(keep, 'bc')
  assert.equal(again, b)
  assert.deepEqual([a!.drained, b!.drained, c!.drained], [1, 0, 0])
  assert.notEqual(reload(keep, 'a')[0], a, 'what came back after it was drained is new')
  assert.equal(a!.drained, 1)
})

test('asking twice for a key makes one', () => {
  const keep = new Keep<Thing>()
  const [one, other] = reload(keep, 'aa')
  assert.equal(one, other)
})

test('looking does not keep alive', () => {
  const keep = new Keep<Thing>()
  const [a] = reload(keep, 'a')
  assert.equal(keep.peek('a'), a)
  keep.sweep()
  assert.equal(a!.drained, 1)
  assert.equal(keep.peek('a'), undefined)
})

test('between asking and sweeping both generations are there', () => {
  const keep = new Keep<Thing>()
  reload(keep, 'ab')
  keep.get('b', () => assert.fail('made again'))
  keep.get('c', () => new Thing('c'))
  assert.deepEqual([...keep.values()].map(({ name }) => name).sort(), ['a', 'b', 'c'])
  keep.clear()
  assert.deepEqual([...keep.values()], [])
})

test('clear drains everything, asked for or not', () => {
  const keep = new Keep<Thing>()
  const [a, b] = reload(keep, 'ab')
  const c = keep.get('c', () => new Thing('c'))
  keep.get('a', () => assert.fail('made again'))
  keep.clear()
  assert.deepEqual([a!.drained, b!.drained, c.drained], [1, 1, 1])
})
