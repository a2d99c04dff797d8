import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Ejection } from '../snapshot/health.ts'
import { FakeClock } from '../../test/support/clock.ts'
import { Ejector } from './ejection.ts'
import { inService } from './endpoint-state.ts'
import { Endpoint, type EndpointOwner, type EndpointPool } from './endpoint.ts'

const policy: Ejection = {
  consecutiveFailures: 3,
  baseEjectionMs: 1_000,
  maxEjectionMs: 2_500,
  maxEjectedPercent: 50,
}

interface World {
  readonly clock: FakeClock
  readonly ejector: Ejector
  readonly all: readonly Endpoint[]
  readonly log: string[]
  changes: number
  fail(index: number, times?: number): void
  serving(): string
  panics(): boolean
  members: readonly Endpoint[]
}

/** Endpoints a, b, c … at ports 1, 2, 3 …, and a log of what happened to them. */
function world(count: number, used: Ejection | null = policy): World {
  const clock = new FakeClock()
  const log: string[] = []
  const name = ({ port }: Endpoint): string => String.fromCharCode(96 + port)
  const ejector = new Ejector(
    clock,
    {
      onEjected: (endpoint, { failures }, forMs) =>
        log.push(`${name(endpoint)} out after ${failures} for ${forMs}`),
      onReturned: endpoint => log.push(`${name(endpoint)} back`),
    },
    () => self.changes++,
  )
  const owner: EndpointOwner<EndpointPool> = {
    makePool: () => ({ spare: 0, close() {} }),
    failed: (endpoint, nowMs) => ejector.failed(endpoint, nowMs),
  }
  const all = Array.from({ length: count }, (_, i) => new Endpoint(owner, '10.0.0.1', i + 1, 1))
  ejector.configure(used, all)
  const self: World = {
    clock,
    ejector,
    all,
    members: all,
    log,
    changes: 0,
    fail(index, times = 3) {
      for (let i = 0; i < times; i++) all[index]!.connectFailed('connection_refused', clock.now())
    },
    serving: () => inService(self.members, used).serving.map(name).join(''),
    panics: () => inService(self.members, used).panics,
  }
  return self
}

test('life of an ejection: failures in a row, away, back by time alone', () => {
  const w = world(4)
  w.fail(0, 2)
  assert.equal(w.serving(), 'abcd')
  w.fail(0, 1)
  assert.equal(w.serving(), 'bcd')
  assert.equal(w.changes, 1)
  w.clock.advance(998)
  assert.equal(w.serving(), 'bcd')
  w.clock.advance(2)
  assert.equal(w.serving(), 'abcd')
  assert.equal(w.changes, 2)
  assert.deepEqual(w.log, ['a out after 3 for 1000', 'a back'])
  assert.deepEqual(w.clock.waits, [], 'no timer when nobody is away')
})

test('a success in between starts the count again', () => {
  const w = world(4)
  w.fail(0, 2)
  w.all[0]!.succeeded()
  w.fail(0, 2)
  assert.equal(w.serving(), 'abcd')
  w.fail(0, 1)
  assert.equal(w.serving(), 'bcd')
})

test('who comes back has to fail as often as before to go again', () => {
  const w = world(4)
  w.fail(0)
  w.clock.advance(1_000)
  w.fail(0, 2)
  assert.equal(w.serving(), 'abcd')
})

test('each repetition takes longer, up to the maximum, and time in service is credited', () => {
  const w = world(4)
  for (const awayMs of [1_000, 2_000, 2_500, 2_500]) {
    w.fail(0)
    w.clock.advance(awayMs - 2)
    assert.equal(w.serving(), 'bcd', `still away before ${awayMs}`)
    w.clock.advance(2)
    assert.equal(w.serving(), 'abcd', `back after ${awayMs}`)
  }
  // Ejected four times; three base times of good service leave one, so the next is the second.
  w.clock.advance(3_000)
  w.fail(0)
  assert.equal(w.log.at(-1), 'a out after 3 for 2000')
  w.clock.advance(1_000_000)
  w.fail(0)
  assert.equal(w.log.at(-1), 'a out after 3 for 1000')
})

for (const [count, percent, most] of [
  [1, 100, 0],
  [2, 0, 1],
  [2, 50, 1],
  [2, 100, 2],
  [3, 50, 1],
  [4, 50, 2],
  [5, 10, 1],
  [10, 30, 3],
] as const)
  test(`of ${count} endpoints at ${percent} % at most ${most} are out`, () => {
    const w = world(count, { ...policy, maxEjectedPercent: percent })
    for (let i = 0; i < count; i++) w.fail(i)
    const out = w.all.filter(({ ejectedUntilMs }) => ejectedUntilMs > 0).length
    assert.equal(out, most)
  })

test('who could not be ejected for the share goes with its next failure once there is room', () => {
  const w = world(2)
  w.fail(0)
  w.fail(1)
  assert.equal(w.serving(), 'b')
  w.clock.advance(1_000)
  assert.equal(w.serving(), 'ab')
  w.fail(1, 1)
  assert.equal(w.serving(), 'a')
})

test('panic: everyone serves when everyone is out', () => {
  const w = world(2, { ...policy, maxEjectedPercent: 100 })
  w.fail(0)
  assert.equal(w.serving(), 'b')
  w.fail(1)
  assert.equal(w.panics(), true)
  assert.equal(w.serving(), 'ab')
  w.clock.advance(1_000)
  assert.equal(w.panics(), false)
})

test('panic: everyone serves when endpoints left and more than the share is out', () => {
  const w = world(4)
  w.fail(0)
  w.fail(1)
  assert.equal(w.serving(), 'cd')
  w.members = w.all.slice(0, 3)
  w.ejector.configure(policy, w.members)
  assert.equal(w.panics(), true)
  assert.equal(w.serving(), 'abc')
  w.clock.advance(1_000)
  assert.equal(w.panics(), false)
})

test('several away: each comes back at its own time', () => {
  const w = world(6)
  w.fail(0)
  w.clock.advance(400)
  w.fail(1)
  w.clock.advance(600)
  assert.equal(w.serving(), 'acdef')
  w.clock.advance(400)
  assert.equal(w.serving(), 'abcdef')
})

test('no policy: failures are counted and nobody goes', () => {
  const w = world(3, null)
  w.fail(0, 100)
  assert.equal(w.serving(), 'abc')
})

test('a policy that is withdrawn brings everyone back at once', () => {
  const w = world(3)
  w.fail(0)
  w.ejector.configure(null, w.all)
  assert.equal(w.serving(), 'abc')
  assert.deepEqual(w.log, ['a out after 3 for 1000', 'a back'])
  assert.deepEqual(w.clock.waits, [])
})

test('an endpoint that was removed is not ejected any more', () => {
  const w = world(3)
  w.ejector.configure(policy, w.all.slice(1))
  w.fail(0)
  assert.deepEqual(w.log, [])
})

test('closed: no timer is left', () => {
  const w = world(3)
  w.fail(0)
  w.ejector.close()
  assert.deepEqual(w.clock.waits, [])
})

test('after its end nobody is ejected by what fails late', () => {
  const { ejector, fail, log, clock } = world(2)
  ejector.close()
  fail(0)
  assert.deepEqual([log, clock.waits], [[], []])
})
