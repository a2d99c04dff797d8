import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { Hmac } from './hmac.ts'

// RFC 4231 §4.
for (const [key, text, expected] of [
  ['0b'.repeat(20), 'Hi There', 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7'],
  [
    '4a656665',
    'what do ya want for nothing?',
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  ],
  [
    'aa'.repeat(131),
    'Test Using Larger Than Block-Size Key - Hash Key First',
    '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
  ],
] as const)
  test(`of ${JSON.stringify(text)} as RFC 4231 has it`, () => {
    const made = new Hmac(Buffer.from(key, 'hex')).of(text)
    assert.equal(Buffer.from(made, 'base64url').toString('hex'), expected)
  })

test('is that of node:crypto for any key and texts, one after another', () =>
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.array(fc.string({ unit: 'binary', maxLength: 300 }), { maxLength: 5 }),
      (key, texts) => {
        const hmac = new Hmac(Buffer.from(key))
        for (const text of texts)
          assert.equal(hmac.of(text), createHmac('sha256', key).update(text).digest('base64url'))
      },
    ),
  ))
