import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { SessionTokens } from './tokens.ts'

const HOUR_MS = 3_600_000

test('a token is read by whoever has the key, for as long as a session lasts', () => {
  const made = new SessionTokens('k', 'rule', HOUR_MS)
  const tag = made.tagOf('Backend/default/a', '10.0.0.1:80')
  const token = made.tokenOf(tag, 5_000_000)
  for (const [ageMs, expected] of [
    [0, tag],
    [HOUR_MS, tag],
    [HOUR_MS + 1000, ''],
    [-60_000, tag],
    [-61_000, ''],
  ] as const)
    assert.equal(new SessionTokens('k', 'rule', HOUR_MS).read(token, 5_000_000 + ageMs), expected, `${ageMs}`)
  assert.equal(new SessionTokens('other', 'rule', HOUR_MS).read(token, 5_000_000), '')
  assert.equal(new SessionTokens('k', 'another', HOUR_MS).read(token, 5_000_000), '')
})

test('one without a time is none where sessions end, and the other way round', () => {
  const [ending, endless] = [new SessionTokens('k', 'r', HOUR_MS), new SessionTokens('k', 'r', 0)]
  const tag = endless.tagOf('a', 'b')
  assert.equal(endless.read(endless.tokenOf(tag, 0), 1e12), tag)
  assert.equal(ending.read(endless.tokenOf(tag, 0), 0), '')
  assert.equal(endless.read(ending.tokenOf(tag, 0), 0), '')
})

test('a tag is the HMAC that others would make, also of a key that is longer than a block', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 200 }), fc.string(), (key, endpoint) => {
      const whole = createHmac('sha256', key).update(`r\nendpoint\nc\n${endpoint}`).digest()
      assert.equal(
        new SessionTokens(key, 'r', 0).tagOf('c', endpoint),
        whole.subarray(0, 12).toString('base64url'),
      )
    }),
  )
})

test('endpoints, clusters, rules and keys each make another tag', () => {
  const tags = ['k', 'l'].flatMap(key =>
    ['r', 's'].flatMap(scope =>
      ['a', 'ab'].flatMap(cluster =>
        ['b:1', 'c:1'].map(endpoint => new SessionTokens(key, scope, 0).tagOf(cluster, endpoint)),
      ),
    ),
  )
  assert.equal(new Set(tags).size, 16)
})

test('whatever else a client says is none', () => {
  const tokens = new SessionTokens('k', 'r', HOUR_MS)
  const token = tokens.tokenOf(tokens.tagOf('a', 'b'), 0)
  fc.assert(fc.property(fc.string(), text => assert.equal(tokens.read(text, 0), '')))
  fc.assert(
    fc.property(fc.nat(token.length - 1), fc.constantFrom('a', 'Z', '0', '-', '_', '.'), (at, char) => {
      if (token[at] === char) return
      assert.equal(tokens.read(token.slice(0, at) + char + token.slice(at + 1), 0), '')
    }),
  )
})
