import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { negotiator, type Encoding } from './negotiate.ts'

const all: readonly Encoding[] = ['zstd', 'br', 'gzip']

// Accept-Encoding, what is sent with the default order of preference, and whether also what is small.
for (const [accepted, encoding, always] of [
  [undefined, null, false],
  ['', null, false],
  ['gzip', 'gzip', false],
  ['GZip', 'gzip', false],
  ['x-gzip', 'gzip', false],
  ['deflate', null, false],
  ['compress, deflate', null, false],
  // What browsers send.
  ['gzip, deflate, br, zstd', 'zstd', false],
  ['gzip, deflate, br', 'br', false],
  ['gzip,deflate', 'gzip', false],
  // Weights.
  ['gzip;q=1.0, br;q=0.5', 'gzip', false],
  ['gzip;q=0.5, br;q=0.5', 'br', false],
  ['gzip;q=0.501, br;q=0.5', 'gzip', false],
  ['gzip ; q=0.8 , br;q=0.9', 'br', false],
  ['gzip;Q=1', 'gzip', false],
  ['gzip;q=0', null, false],
  ['gzip;q=0.000', null, false],
  ['gzip;q=0.001', 'gzip', false],
  ['zstd;q=0, br', 'br', false],
  // What is not named.
  ['*', 'zstd', false],
  ['*;q=0.1', 'zstd', false],
  ['zstd;q=0, *', 'br', false],
  ['gzip, *;q=0.5', 'gzip', false],
  ['gzip, *;q=0', 'gzip', true],
  ['*;q=0', null, false],
  // The body as it is, by name.
  ['identity', null, false],
  ['identity, gzip', 'gzip', false],
  ['identity;q=1, gzip;q=0.5', null, false],
  ['identity;q=0.5, gzip;q=0.5', 'gzip', false],
  ['identity;q=0.4, gzip;q=0.5', 'gzip', false],
  ['identity;q=0, gzip;q=0.5', 'gzip', true],
  ['identity;q=0, *', 'zstd', true],
  ['identity, *;q=0', null, false],
  ['identity;q=0', null, false],
  ['identity;q=0, deflate', null, false],
  // What is no weight.
  ['gzip;q=', null, false],
  ['gzip;q=2', null, false],
  ['gzip;q=1.001', null, false],
  ['gzip;q=0.1234', null, false],
  ['gzip;q=-1', null, false],
  ['gzip;level=9', null, false],
  ['gzip;q=0.5;level=9', null, false],
  ['gzip;q=x, br', 'br', false],
  ['gzip;q=x, *', 'zstd', false],
  // Odd lists.
  [', ,gzip,,', 'gzip', false],
  ['gzip\t;\tq=0.5', 'gzip', false],
  ['gzip;q=0, gzip', null, false],
  ['gzip br', null, false],
  ['gzipped', null, false],
  [`${'a, '.repeat(50)}gzip`, 'gzip', false],
] as const)
  test(`Accept-Encoding ${accepted === undefined ? 'absent' : JSON.stringify(accepted.slice(-40))} is answered ${encoding ?? 'as it is'}`, () => {
    const negotiate = negotiator(all)
    const expected = encoding === null ? null : { encoding, always }
    assert.deepEqual(negotiate(accepted), expected)
    // Once more from memory.
    assert.deepEqual(negotiate(accepted), expected)
  })

test('our order decides among equals, and only what is offered is sent', () => {
  assert.equal(negotiator(['gzip', 'br'])('br, gzip, zstd')?.encoding, 'gzip')
  assert.equal(negotiator(['br'])('zstd, gzip'), null)
  assert.equal(negotiator(['gzip'])('*')?.encoding, 'gzip')
})

test('many different values are remembered only up to a bound', () => {
  const negotiate = negotiator(all)
  for (let i = 0; i < 1000; i++) assert.equal(negotiate(`gzip, x${i}`)?.encoding, 'gzip')
})

test('nothing is sent that was refused, whatever the field says', () => {
  const coding = fc.constantFrom('gzip', 'br', 'zstd', 'identity', '*', 'deflate', '')
  const q = fc.constantFrom('', ';q=0', ';q=0.5', '; q=1', ';q=0.999', ';q=9', ';x')
  const element = fc.tuple(coding, q).map(pair => pair.join(''))
  fc.assert(
    fc.property(fc.array(element, { maxLength: 6 }), elements => {
      const choice = negotiator(all)(elements.join(', '))
      if (choice === null) return
      const named = elements.find(one => one.split(';')[0]!.trim() === choice.encoding)
      const by = named ?? elements.find(one => one.split(';')[0] === '*')
      assert.ok(by !== undefined, 'nobody asked for it')
      assert.match(by, /^[^;]+(?:; ?q=(?:1|0\.5|0\.999))?$/)
    }),
  )
})
