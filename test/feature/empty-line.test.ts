import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { startGateway } from '../support/gateway.ts'
import { plain } from '../support/policies.ts'
import { ok, RawUpstream } from '../support/raw-upstream.ts'
import { RawClient } from '../support/raw.ts'

suite('an empty line after a request (RFC 9112 §2.2)', () => {
  test('is no begun head: the connection is idle, not late', async () => {
    await using upstream = await RawUpstream.answering(() => ok('x'))
    const client = { timeouts: { head: '500ms', idle: '2s' } }
    await using gateway = await startGateway(plain(upstream.port, { client }))
    await using old = await RawClient.to(gateway.port())
    old.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nb\r\n')
    await old.closed()
    assert.match(old.text, /^HTTP\/1\.1 200 [^]*\r\n\r\nx$/)
  })

  test('and something of a head after it is late as ever', async () => {
    await using gateway = await startGateway(plain(1, { client: { timeouts: { head: '500ms' } } }))
    await using old = await RawClient.to(gateway.port())
    old.write('\r\n')
    old.write('GET / HT')
    await old.closed()
    assert.match(old.text, /^HTTP\/1\.1 408 /)
  })
})
