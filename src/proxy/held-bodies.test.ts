import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BodyRoom, HeldBodies, type BodyOwner } from './held-bodies.ts'

class Owner implements BodyOwner {
  readonly share: string
  readonly room: BodyRoom
  lost = false

  constructor(all: HeldBodies, share: string) {
    this.share = share
    this.room = new BodyRoom(all, this)
  }

  displaced(): void {
    this.lost = true
    this.room.release()
  }
}

test('when it is too much, the client with most loses, and of its bodies the newest', () => {
  const all = new HeldBodies(100)
  const [a, b, c, d] = ['many', 'many', 'one', 'one'].map(share => new Owner(all, share))
  a!.room.grow(40)
  b!.room.grow(30)
  c!.room.grow(30)
  assert.equal(all.bytes, 100)
  d!.room.grow(1)
  assert.deepEqual(
    [a, b, c, d].map(owner => owner!.lost),
    [false, true, false, false],
  )
  assert.equal(all.bytes, 71)
  // Whoever asks for more may be the one with most: and one body of theirs may not be enough.
  c!.room.grow(50)
  assert.deepEqual(
    [a, b, c, d].map(owner => owner!.lost),
    [false, true, true, true],
  )
  assert.equal(all.bytes, 40)
})

test('what is released counts no more, once', () => {
  const all = new HeldBodies(100)
  const owner = new Owner(all, 'a')
  owner.room.grow(10)
  owner.room.release()
  owner.room.release()
  owner.room.grow(10)
  assert.equal(all.bytes, 0)
})

test('a thousand bodies of many clients come and go: nothing is left, and never is it more than the limit', () => {
  const all = new HeldBodies(1_000)
  const owners: Owner[] = []
  for (let i = 0; i < 1_000; i++) {
    const owner = new Owner(all, `client ${(i * 7) % 13}`)
    owners.push(owner)
    for (let piece = 0; piece < i % 5; piece++) owner.room.grow((i * 31) % 97)
    assert.ok(all.bytes <= 1_000, String(all.bytes))
    if (i % 3 === 0) owners[(i * 17) % owners.length]!.room.release()
  }
  for (const owner of owners) owner.room.release()
  assert.equal(all.bytes, 0)
})
