import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Claims, release, type Claim, type Claimed } from './claims.ts'

/** Two workers, and a clock that stands until it is set. */
function workers() {
  const time = { us: 1_000_000 }
  const memory = Claims.memory()
  const secret = new Uint8Array(16)
  const of = (owner: number): Claims => new Claims(memory, secret, owner, () => time.us)
  return { time, memory, one: of(1), other: of(2) }
}

function mine(taken: Claimed): Claim {
  assert.ok(taken.state === 'mine', taken.state)
  return taken.claim
}

suite('claims', () => {
  test('one of all has it, until it gives it back', async () => {
    const { one, other } = workers()
    const claim = mine(one.take('a', 10_000))
    assert.equal(other.take('a', 10_000).state, 'claimed')
    const seen = other.find('a')
    assert.ok(seen.state === 'claimed')
    assert.equal(other.find('b').state, 'free')
    const over = other.over(seen.claim, 60_000)
    one.release(claim)
    assert.equal(await over, 'ok')
    assert.equal(other.find('a').state, 'free')
    mine(other.take('a', 10_000))
  })

  test('or until its time is over, and what is late gives nothing back', () => {
    const { one, other, time, memory } = workers()
    const claim = mine(one.take('a', 10_000))
    time.us += 10_003_000
    assert.equal(other.find('a').state, 'free')
    mine(other.take('a', 10_000))
    release(memory, claim)
    assert.equal(one.find('a').state, 'claimed')
  })

  test('all are told where there is nothing to wait for', () => {
    const { one, other, time } = workers()
    one.release(mine(one.take('a', 10_000)), 5_000)
    assert.equal(other.find('a').state, 'passes')
    assert.equal(other.take('a', 10_000).state, 'passes')
    time.us += 5_003_000
    assert.equal(other.find('a').state, 'free')
  })

  test('a place that is taken for another key says so', () => {
    const { one, other } = workers()
    for (let i = 0; i < 20_000; i++) one.take(`key ${i}`, 10_000)
    const states = Array.from({ length: 200 }, (_, i) => other.find(`strange ${i}`).state)
    assert.ok(states.includes('other'))
    assert.ok(!states.includes('claimed'))
  })

  test('after the clock has gone round nothing is claimed', () => {
    const { one, other, time } = workers()
    one.take('a', 10_000)
    time.us += 2 ** 31 * 1000
    assert.equal(other.find('a').state, 'free')
    time.us += 2 ** 31 * 1000 - 100_000_000
    assert.equal(other.find('a').state, 'free')
  })
})
