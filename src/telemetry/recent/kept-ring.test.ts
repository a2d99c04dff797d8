import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { KeptRing } from './kept-ring.ts'

/** A ring with a memory of who is in which slot. */
class Watched {
  readonly there = new Map<number, string>()
  private readonly ring: KeptRing

  constructor(slots: number) {
    this.ring = new KeptRing(slots)
  }

  take(client: string, route: string, what = client): void {
    this.there.set(this.ring.take(client, route), what)
  }

  count(what: string): number {
    return [...this.there.values()].filter(one => one === what).length
  }
}

suite('slots that are kept', () => {
  test('who is alone has all of them, and the newest are there', () => {
    const ring = new Watched(64)
    for (let i = 0; i < 1_000; i++) ring.take('203.0.113.7', 'a', String(i))
    const kept = [...ring.there.values()].map(Number).toSorted((a, b) => a - b)
    assert.deepEqual(
      kept,
      Array.from({ length: 64 }, (_, i) => 936 + i),
    )
  })

  test('a client that floods pushes out nobody who was there before, and takes no place from who comes later', () => {
    const ring = new Watched(64)
    for (let i = 0; i < 40; i++) ring.take(`198.51.100.${i}`, `route ${i}`, 'before')
    for (let i = 0; i < 10_000; i++) ring.take('203.0.113.7', '', 'flood')
    assert.equal(ring.count('before'), 40)
    assert.equal(ring.count('flood'), 24)
    // What comes now takes from the flood, down to its eighth, and only then the oldest.
    for (let i = 0; i < 16; i++) ring.take(`192.0.2.${i}`, `route ${i}`, 'after')
    assert.deepEqual([ring.count('before'), ring.count('flood'), ring.count('after')], [40, 8, 16])
    for (let i = 0; i < 10_000; i++) ring.take('203.0.113.7', '', 'flood')
    assert.deepEqual([ring.count('before'), ring.count('flood'), ring.count('after')], [40, 8, 16])
  })

  test('the addresses of one network of IPv6 are one client', () => {
    const ring = new Watched(64)
    for (let i = 0; i < 56; i++) ring.take(`198.51.100.${i}`, `route ${i}`, 'before')
    for (let i = 0; i < 1_000; i++) ring.take(`2001:db8::${i.toString(16)}`, '', 'flood')
    assert.deepEqual([ring.count('before'), ring.count('flood')], [56, 8])
  })

  test('a route that fails for everybody leaves three quarters to others', () => {
    const ring = new Watched(64)
    for (let i = 0; i < 48; i++) ring.take(`198.51.100.${i}`, `route ${i}`, 'others')
    for (let i = 0; i < 5_000; i++) ring.take(`10.0.${i >> 8}.${i & 255}`, 'down', 'down')
    assert.deepEqual([ring.count('others'), ring.count('down')], [48, 16])
  })

  test('what was there when a worker began is the oldest', () => {
    const ring = new KeptRing(4)
    ring.restore([
      { slot: 2, client: '192.0.2.1', route: 'a' },
      { slot: 0, client: '192.0.2.2', route: 'b' },
    ])
    const slots = ['c', 'd', 'e', 'f'].map((route, i) => ring.take(`192.0.2.${10 + i}`, route))
    assert.deepEqual(slots, [1, 3, 2, 0])
  })
})
