import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KeyHash, type Hash128 } from './key-hash.ts'

const hex = ({ a, b, c, d }: Hash128): string => Buffer.from(Int32Array.of(a, b, c, d).buffer).toString('hex')

// Made by: openssl mac -macopt hexkey:000102…0f -macopt size:16 -in FILE SIPHASH, of a file of the bytes 0, 1, 2 …
for (const [bytes, expected] of [
  [0, 'a3817f04ba25a8e66df67214c7550293'],
  [2, '8177228da4a45dc7fca38bdef60affe4'],
  [4, 'f88164c12d9c8faf7d0f6e7c7bcd5579'],
  [6, '14eeca338b208613485ea0308fd7a15e'],
  [8, '3b62a9ba6258f5610f83e264f31497b4'],
  [10, '00110dc378146956c95447d3f3d0fbba'],
  [14, '31fcefac66d7de9c7ec7485fe4494902'],
  [16, '6ee2a4ca67b054bbfd3315bf85230577'],
  [22, '4a29b54552d16b9a469c10528eff0aae'],
] as const)
  test(`SipHash-2-4 with 128 bits of ${bytes} bytes`, () => {
    const hash = new KeyHash(Uint8Array.from({ length: 16 }, (_, i) => i))
    const text = Buffer.from(Array.from({ length: bytes }, (_, i) => i)).toString('utf16le')
    assert.equal(hex(hash.of(text)), expected)
  })

test('a derived secret makes other hashes of the same keys', () => {
  const root = new KeyHash(new Uint8Array(16))
  const one = new KeyHash(root.derive('one'))
  const two = new KeyHash(root.derive('two'))
  assert.notEqual(hex(one.of('key')), hex(two.of('key')))
  assert.equal(hex(one.of('key')), hex(new KeyHash(root.derive('one')).of('key')))
})
