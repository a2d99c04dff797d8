import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Queue, type Waiter } from './queue.ts'

/** A queue for `places`, and what has become of those in it. */
function queueOf(places: number) {
  const limits = { pending: 0, mayWait: () => limits.pending < places }
  const refused: string[] = []
  const queue = new Queue<never>(limits)
  const waiter = (client: string, name: string): Waiter<never> & { name: string } => ({
    client,
    name,
    granted: () => assert.fail('nobody grants'),
    refused: failure => {
      assert.equal(failure, 'connection_limit_reached')
      refused.push(name)
    },
  })
  const named = new Map<string, Waiter<never>>()
  const wait = (name: string, nowMs = 0): boolean => {
    named.set(name, waiter(name[0]!, name))
    return queue.wait(named.get(name)!, nowMs)
  }
  /** Names in the order in which they are served. */
  const served = (): string[] => {
    const names: string[] = []
    for (let one = queue.next(); one !== null; one = queue.next())
      names.push((one as { name: string } & typeof one).name)
    assert.equal(limits.pending, 0)
    assert.equal(queue.empty, true)
    return names
  }
  return { queue, limits, refused, wait, served, named }
}

// A letter is a client, a number what it asks for.
const orders = [
  ['first come, first served for one client', 'a1 a2 a3', 'a1 a2 a3'],
  ['in turn by client', 'a1 a2 a3 b1 b2 c1', 'a1 b1 c1 a2 b2 a3'],
  ['whoever comes late has the next turn but one', 'a1 a2 a3 a4 b1', 'a1 b1 a2 a3 a4'],
] as const

suite('those who wait for a connection', () => {
  test('are passed over for an endpoint that they may not have', () => {
    const queue = new Queue<string>({ pending: 0, mayWait: () => true })
    const served = (endpoint: string | null) => queue.next(endpoint)?.client
    const wait = (client: string, wants: string | null): boolean =>
      queue.wait({ client, wants, granted() {}, refused() {} }, 0)
    wait('first', 'a')
    wait('second', null)
    wait('third', 'b')
    wait('first', null)
    assert.deepEqual(['b', 'b', 'b', 'b'].map(served), ['first', 'second', 'third', undefined])
    assert.equal(queue.empty, false)
    assert.equal(served(null), 'first')
    assert.equal(queue.empty, true)
  })

  test('and who wants none in particular, for one that may not be chosen', () => {
    const queue = new Queue<string>({ pending: 0, mayWait: () => true })
    for (const [client, wants] of [
      ['first', null],
      ['second', 'a'],
    ] as const)
      queue.wait({ client, wants, granted() {}, refused() {} }, 0)
    assert.equal(queue.next('a', false)?.client, 'second')
    assert.equal(queue.next('a', false), null)
    assert.equal(queue.next('a')?.client, 'first')
  })

  for (const [how, came, order] of orders)
    test(`are served ${how}`, () => {
      const { wait, served } = queueOf(10)
      for (const name of came.split(' ')) assert.equal(wait(name), true)
      assert.deepEqual(served(), order.split(' '))
    })

  test('a client has its turn after everybody else once it has had one', () => {
    const { queue, wait, served, named } = queueOf(10)
    for (const name of ['a1', 'a2', 'b1']) wait(name)
    assert.equal(queue.next(), named.get('a1'))
    for (const name of ['c1', 'a3']) wait(name)
    assert.deepEqual(served(), ['b1', 'a2', 'c1', 'a3'])
  })

  test('who leaves is not served, and their place is free', () => {
    const { queue, limits, wait, served, named } = queueOf(2)
    for (const name of ['a1', 'b1']) wait(name)
    queue.leave(named.get('a1')!)
    queue.leave(named.get('a1')!)
    assert.equal(limits.pending, 1)
    assert.equal(wait('a2'), true)
    assert.deepEqual(served(), ['b1', 'a2'])
  })

  test('those who have waited for too long are refused, whoever they are', () => {
    const { queue, refused, wait, served } = queueOf(10)
    for (const [name, sinceMs] of [
      ['a1', 1],
      ['b1', 2],
      ['a2', 3],
    ] as const)
      wait(name, sinceMs)
    queue.expire(3)
    assert.deepEqual(refused, ['a1', 'b1'])
    assert.deepEqual(served(), ['a2'])
  })

  const full = [
    ['a newcomer of the client that has them all is refused', 'a1 a2 a3', 'a4', '', 'a1 a2 a3'],
    ['another has the place of the last of the client with most', 'a1 b1 a2', 'c1', 'a2', 'a1 b1 c1'],
    ['that is no cap: with as many as the others nobody loses', 'a1 b1 c1', 'd1', '', 'a1 b1 c1'],
    ['nobody gains a place only to be who has most', 'a1 a2 b1', 'b2', '', 'a1 b1 a2'],
  ] as const
  for (const [what, came, newcomer, loser, order] of full)
    test(`when all places are taken, ${what}`, () => {
      const { refused, wait, served } = queueOf(3)
      for (const name of came.split(' ')) wait(name)
      assert.equal(wait(newcomer), order.includes(newcomer))
      assert.deepEqual(refused, loser === '' ? [] : [loser])
      assert.deepEqual(served(), order.split(' '))
    })

  test('a thousand of one client delay nobody else', () => {
    const { wait, served } = queueOf(1024)
    for (let i = 0; i < 1024; i++) wait(`a${i}`)
    assert.equal(wait('b1'), true)
    assert.equal(served().indexOf('b1'), 1)
  })

  test('no places are no places', () => assert.equal(queueOf(0).wait('a1'), false))
})
