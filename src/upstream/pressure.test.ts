import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { Pressure, type GatheringRequest, type Laggard } from './pressure.ts'

/** Of this limit everybody has a place; of others those whose name ends with 1. */
const places = {}

/** A cluster's numbers, and what has become of whom. */
function world() {
  const cluster = { pressed: true, pending: 0, maxConnections: 3 }
  const pressure = new Pressure(cluster)
  const told: string[] = []
  const laggard = (name: string, lagMs: number): Laggard & { lag: number } => ({
    client: name[0]!,
    lag: lagMs,
    lagMs() {
      return this.lag
    },
    frees: limit => limit === places || name.endsWith('1'),
    end: () => told.push(name),
  })
  /** One sweep: a letter is a client, the number for how long it has kept us waiting; 0 keeps nobody waiting. */
  const sweep = (text: string, nowMs = 0): (Laggard & { lag: number })[] => {
    pressure.begin()
    const all = text.split(' ').map(name => laggard(name, Number(name.slice(1))))
    for (const one of all) {
      pressure.hold(one.client)
      if (one.lag > 0) pressure.lags(one, one.lag)
    }
    pressure.finish(nowMs)
    return all
  }
  const gatherer = (name: string): GatheringRequest => ({
    client: name[0]!,
    released: () => told.push(`${name} released`),
    displaced: () => told.push(`${name} displaced`),
  })
  return { cluster, pressure, told, sweep, gatherer }
}

suite('for those who wait', () => {
  for (const [what, pending, held, ended] of [
    ['nobody waits: nobody is ended', 0, 'a9 b8', ''],
    ['one for each that waits', 2, 'a3 a9 a5', 'a9 a5'],
    ['who keeps nobody waiting is not ended', 5, 'a0 b3 b0', 'b3'],
    ['who holds most loses first', 2, 'a9 b3 b4 b0', 'b4 b3'],
    ['until others hold as much; then it is the longest', 3, 'a9 a8 b3 b4 b5', 'b5 a9 b4'],
    ['of clients that hold as much, who has kept us waiting longest', 2, 'a3 b5 c4', 'b5 c4'],
  ] as const)
    test(what, () => {
      const { cluster, told, sweep } = world()
      cluster.pending = pending
      sweep(held)
      assert.deepEqual(told, ended === '' ? [] : ended.split(' '))
    })

  for (const [what, client, clients, ended] of [
    ['who comes between two sweeps need not wait for the next', 'c', 1, 'a5'],
    ['one round of turns is made room for', 'c', 2, 'a5 a4'],
    ['but not for who holds as much as those who are too slow', 'b', 2, ''],
    ['nor for who holds most', 'a', 2, ''],
  ] as const)
    test(what, async () => {
      const { cluster, pressure, told, sweep } = world()
      sweep('a3 a4 a5 b0 b0')
      cluster.pending = 10
      pressure.waited(client, clients)
      pressure.waited(client, clients)
      assert.deepEqual(told, [])
      await setImmediate()
      assert.deepEqual(told, ended === '' ? [] : ended.split(' '))
    })

  test('who has moved since the sweep is not ended', async () => {
    const { cluster, pressure, told, sweep } = world()
    const [moved] = sweep('a9 a4')
    moved!.lag = 0
    cluster.pending = 1
    pressure.waited('b', 1)
    await setImmediate()
    assert.deepEqual(told, ['a4'])
  })

  test('exchanges are looked at only under pressure', () => {
    const { cluster, pressure } = world()
    pressure.begin()
    assert.equal(pressure.watched, true)
    cluster.pressed = false
    pressure.begin()
    assert.equal(pressure.watched, false)
  })
})

suite('who is turned away by a limit', () => {
  for (const [what, held, client, limit, ended] of [
    ['has the place of who holds most, and has kept us waiting longest', 'a4 a7 a5 b9 c0', 'n', places, 'a7'],
    ['has none of somebody who keeps nobody waiting', 'a0 a0 a0', 'n', places, ''],
    ['has none of its own', 'a9 a8 a7', 'a', places, ''],
    ['has none of a client that would then hold less', 'a9 a8 b0', 'b', places, ''],
    ['has that of a client with one, where it has nothing', 'a4 b7 c5', 'n', places, 'b7'],
    ['has that of who has a place of this limit', 'a8 a7 a11 b21', 'n', {}, 'a11'],
  ] as const)
    test(what, async () => {
      const { pressure, told, sweep } = world()
      sweep(held)
      assert.equal(pressure.yields(limit, client, 0), ended !== '')
      assert.deepEqual(told, [])
      await setImmediate()
      assert.deepEqual(told, ended === '' ? [] : [ended])
    })

  test('has it as often as it then holds less, and nobody loses one twice', async () => {
    const { pressure, told, sweep } = world()
    sweep('a4 a5 a6 a7')
    const yields = Array.from({ length: 4 }, () => pressure.yields(places, 'n', 0))
    await setImmediate()
    assert.deepEqual(
      [yields, told],
      [
        [true, true, false, false],
        ['a7', 'a6'],
      ],
    )
  })

  test('has none of who has moved since, nor ends what is over by then', async () => {
    const { pressure, told, sweep } = world()
    const [one, two] = sweep('a9 a8 a0')
    one!.lag = 0
    assert.equal(pressure.yields(places, 'n', 0), true)
    two!.frees = () => false
    await setImmediate()
    assert.deepEqual(told, [])
  })

  test('makes pressure for half a minute', () => {
    const { pressure } = world()
    assert.equal(pressure.disputed, false)
    pressure.yields(places, 'n', 1_000)
    pressure.finish(30_999)
    assert.equal(pressure.disputed, true)
    pressure.finish(31_000)
    assert.equal(pressure.disputed, false)
  })
})

suite('those who gather', () => {
  test('go on when there is no pressure any more, in turn, as far as it does not come back', () => {
    const { cluster, pressure, told, sweep, gatherer } = world()
    for (const name of ['a1', 'a2', 'b1']) assert.equal(pressure.gather(gatherer(name), 0), true)
    sweep('a0')
    assert.deepEqual(told, [])
    let releases = 0
    Object.defineProperty(cluster, 'pressed', { get: () => releases++ > 2 })
    pressure.finish(0)
    assert.deepEqual(told, ['a1 released', 'b1 released', 'a2 released'])
  })

  test('are as many as there are connections; then who has most loses the place of the one longest there', () => {
    const { pressure, told, gatherer } = world()
    for (const name of ['a1', 'a2', 'a3', 'b1']) assert.equal(pressure.gather(gatherer(name), 0), true)
    assert.deepEqual(told, ['a1 displaced'])
    assert.equal(pressure.gatherers, 3)
  })

  test('of the same client: one has the place of another that has been there for a second', () => {
    const { pressure, told, gatherer } = world()
    for (const name of ['a1', 'a2', 'a3']) pressure.gather(gatherer(name), 0)
    assert.equal(pressure.gather(gatherer('a4'), 1_000), false)
    assert.equal(pressure.gather(gatherer('a5'), 1_001), true)
    assert.deepEqual(told, ['a1 displaced'])
  })

  test('of as many clients as there are places: who comes has the place of the one longest there', () => {
    const { pressure, told, gatherer } = world()
    for (const name of ['a1', 'b1', 'c1', 'd1', 'e1']) assert.equal(pressure.gather(gatherer(name), 0), true)
    assert.deepEqual(told, ['a1 displaced', 'b1 displaced'])
  })

  test('leave once', () => {
    const { pressure, gatherer } = world()
    const one = gatherer('a1')
    pressure.gather(one, 0)
    pressure.leave(one)
    pressure.leave(one)
    assert.equal(pressure.gatherers, 0)
  })
})
