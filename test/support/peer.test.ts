import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { findPeer, requirePeer } from './peer.ts'

const missing = 'no-such-program-anywhere'

function withCi<T>(value: string | undefined, run: () => T): T {
  const before = process.env['CI']
  if (value === undefined) delete process.env['CI']
  else process.env['CI'] = value
  try {
    return run()
  } finally {
    if (before === undefined) delete process.env['CI']
    else process.env['CI'] = before
  }
}

suite('programs that tests need', () => {
  test('one that is there is found by its full path', () => {
    assert.match(findPeer('sh') ?? '', /\/sh$/)
    assert.equal(requirePeer({ skip: () => assert.fail('skipped') }, 'sh'), findPeer('sh'))
  })

  test('one that is missing skips the test and says how to get it', () => {
    const reasons: (string | undefined)[] = []
    const found = withCi(undefined, () => requirePeer({ skip: reason => void reasons.push(reason) }, missing))
    assert.equal(found, null)
    assert.deepEqual(reasons, [`${missing} is not installed (Debian: apt-get install ${missing})`])
  })

  test('in CI a missing one fails', () => {
    const t = { skip: () => assert.fail('skipped in CI') }
    assert.throws(() => withCi('true', () => requirePeer(t, missing)), /CI must not skip/)
  })
})
