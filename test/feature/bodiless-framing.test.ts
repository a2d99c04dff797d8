import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { startGateway } from '../support/gateway.ts'
import { plain } from '../support/policies.ts'
import { ok, RawUpstream } from '../support/raw-upstream.ts'
import { RawClient } from '../support/raw.ts'

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`

/** An answer without a body that says that it has one, and what its sender may still take for that body. */
const forged = ok('forged')
const cases = [
  ['Content-Length in a 204', `HTTP/1.1 204 No Content\r\nContent-Length: ${forged.length}\r\n\r\n`, false],
  ['Transfer-Encoding in a 204', 'HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n', false],
  ['Content-Length: 0 in a 204', 'HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n', true],
  ['Content-Length in a 304', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n', true],
] as const

suite('a connection to an upstream after an answer that can have no body', () => {
  for (const [name, answer, again] of cases)
    test(`${name}: serves ${again ? 'the next request' : 'no other, whose answer the body would be'}`, async () => {
      await using upstream = await RawUpstream.answering((_, { index }, i) =>
        index === 0 && i === 0 ? answer : index === 0 && !again ? forged : ok('real'),
      )
      await using gateway = await startGateway(plain(upstream.port))
      await using client = await RawClient.to(gateway.port())
      client.write(get('/first'))
      await client.until(/\r\n\r\n/)
      client.write(get('/second'))
      const text = await client.until(/(real|forged)$/)
      assert.match(text, /real$/)
      assert.equal(upstream.conversations.length, again ? 1 : 2)
    })
})
