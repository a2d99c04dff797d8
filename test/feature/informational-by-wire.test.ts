import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Seen } from '../support/until.ts'
import { wireClient } from '../support/wire-client.ts'
import { WireServer, type WireResponse } from '../support/wire-server.ts'
import { combinations, portFor, startBetween } from '../support/wires.ts'

/** 102 has a method of its own in HTTP/1 only. */
function processing(response: WireResponse): void {
  if ('writeProcessing' in response) (response as { writeProcessing(): void }).writeProcessing()
  else
    (response as unknown as { stream: { additionalHeaders(of: object): void } }).stream.additionalHeaders({
      ':status': 102,
    })
}

for (const [client, upstream] of combinations)
  suite(`${client} to ${upstream}`, () => {
    test('informational responses come when they are sent', async () => {
      const responses = new Seen<WireResponse>()
      await using server = await WireServer.start(upstream, (_request, response) => responses.push(response))
      await using running = await startBetween(upstream, server.port)
      await using peer = wireClient(client, portFor(client, running))
      const call = peer.ask()
      const response = await responses.first()
      response.writeEarlyHints({ link: '</a.css>; rel=preload' })
      const hints = await call.interim.first()
      assert.deepEqual([hints.status, hints.headers['link']], [103, '</a.css>; rel=preload'])
      processing(response)
      await call.interim.first(({ status }) => status === 102)
      response.end('done')
      const { status, body } = await call.whole()
      assert.deepEqual([status, body.toString()], [200, 'done'])
      assert.deepEqual(
        call.interim.all.map(each => each.status),
        [103, 102],
      )
    })
  })
