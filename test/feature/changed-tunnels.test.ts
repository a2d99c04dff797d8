// A tunnel whose answer a filter has changed: where the client is told of none, none is there.
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Exchange, Filter } from '../../src/filters/filter.ts'
import { startPlugged } from '../support/plugged.ts'
import { RawClient } from '../support/raw.ts'
import { switching, tunnelServer } from '../support/tunnels.ts'
import { Seen } from '../support/until.ts'
import { simpleYaml } from '../support/upstream.ts'

const asking = 'GET / HTTP/1.1\r\nHost: a.example\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n'
const smuggled = 'GET /admin HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n'

const change = ({ response }: Exchange): undefined => {
  if (response.status === 101) response.status = 403
  return undefined
}

suite('a 101 that a filter has made another status of', () => {
  for (const [how, response] of [
    ['at once', change],
    ['later', (x: Exchange) => Promise.resolve().then(() => change(x))],
  ] as const satisfies readonly (readonly [string, Filter['response']])[])
    test(`is refused, and nothing tunnels: ${how}`, async () => {
      const ended = new Seen<string>()
      await using server = await tunnelServer('h1', request => {
        let text = ''
        request.socket.on('data', (piece: Buffer) => (text += piece.toString()))
        request.socket.on('end', () => ended.push(text))
        request.socket.write(switching(request))
      })
      await using gateway = await startPlugged(simpleYaml(server.port), {
        filters: [{ compile: () => ({ response }) }],
      })
      await using client = await RawClient.to(gateway.port())
      client.write(asking)
      const head = await client.until(/\r\n\r\n/)
      client.write(smuggled)
      assert.match(head, /^HTTP\/1\.1 500 /)
      assert.equal(await ended.first(), '')
    })
})
