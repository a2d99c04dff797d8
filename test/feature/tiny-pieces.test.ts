import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { startGateway } from '../support/gateway.ts'
import { heldBytes } from '../support/held.ts'
import { plain } from '../support/policies.ts'
import { RawUpstream } from '../support/raw-upstream.ts'
import { RawClient } from '../support/raw.ts'
import { TestUpstream } from '../support/upstream.ts'

const clients = 20
const bytes = 60_000

suite('a body in tiny pieces', () => {
  test('is kept for a repetition in no more memory than one in a large piece', async () => {
    let received = 0
    await using upstream = await RawUpstream.start(conversation => {
      received += conversation.text.length
      conversation.text = ''
    })
    await using gateway = await startGateway(plain(upstream.port))
    const all = await Promise.all(Array.from({ length: clients }, () => RawClient.to(gateway.port())))
    const before = await heldBytes()
    for (const client of all) {
      client.write('PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n')
      client.write('1\r\nb\r\n'.repeat(bytes))
    }
    while (received < clients * bytes * 6) await setImmediate()
    const more = (await heldBytes()) - before
    for (const client of all) client.socket.destroy()
    // 64 KiB each are what may be kept; what the test itself needs for sending has gone.
    assert.ok(more < clients * 300_000, `${Math.round(more / clients)} bytes for each of ${clients} requests`)
  })

  for (const upstreamReads of ['at once', 'now and then'])
    test(`comes through whole, however many pieces, to an upstream that reads ${upstreamReads}`, async () => {
      let received = ''
      let ended = false
      await using upstream = await TestUpstream.start((request, response) => {
        request.setEncoding('latin1')
        request.on('data', (text: string) => (received += text))
        request.on('end', () => {
          ended = true
          response.end('done')
        })
        if (upstreamReads === 'now and then')
          request.on('data', () => {
            request.pause()
            void setImmediate().then(() => request.resume())
          })
      })
      await using gateway = await startGateway(plain(upstream.port))
      await using client = await RawClient.to(gateway.port())
      const letters = 'abcdefghijklmnopqrstuvwxyz'.repeat(10_000)
      client.write('PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n')
      client.write(`${letters.replaceAll(/./g, '1\r\n$&\r\n')}0\r\n\r\n`)
      client.write('GET /next HTTP/1.1\r\nHost: a\r\n\r\n')
      await client.until(text => text.split('done').length === 3)
      assert.ok(ended)
      assert.ok(received === letters, `${received.length} of ${letters.length} bytes`)
    })
})
