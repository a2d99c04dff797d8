// Answers of threads that go on: no requests that are under way, and shared by client.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { suite, test, type TestContext } from 'node:test'
import { Crossed } from '../support/crossing.ts'
import { ended } from '../support/until.ts'

const STREAMS = 8

const events = 'GET /events HTTP/1.1\r\nHost: a\r\n\r\n'
const socket =
  'GET /tunnel HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'

/** One who asks from this address, and the status line of what he is answered; what follows is read too. */
async function asking(t: TestContext, port: number, localAddress: string, text: string) {
  const client = connect({ port, host: '127.0.0.1', localAddress })
  t.after(() => client.destroy())
  client.on('error', () => {}).write(text)
  const [first] = (await once(client, 'data')) as [Buffer]
  client.resume()
  return { client, status: first.toString('latin1', 9, 12) }
}

const isOpen = (client: Socket): boolean => !client.readableEnded && !client.destroyed

suite('answers that go on', () => {
  for (const [what, text, status] of [
    ['events', events, '200'],
    ['WebSockets', socket, '101'],
  ] as const) {
    test(`${what} take no places of requests`, async t => {
      await using crossed = await Crossed.start({ cluster: { maxConnections: 2, maxPending: 0 } })
      for (let i = 0; i < STREAMS; i++)
        assert.equal((await asking(t, crossed.port, '127.0.0.2', text)).status, status)
      for (let i = 0; i < 3; i++)
        assert.equal((await fetch(`http://127.0.0.1:${crossed.port}/json`)).status, 200)
    })

    test(`${what}: who has taken all places loses one to a neighbour, the oldest`, async t => {
      await using crossed = await Crossed.start({ cluster: { maxStreams: STREAMS } })
      const ask = (address: string) => asking(t, crossed.port, address, text)
      const attackers = []
      for (let i = 0; i < STREAMS; i++) attackers.push(await ask('127.0.0.2'))
      const first = ended(attackers[0]!.client)
      const neighbour = await ask('127.0.0.1')
      assert.equal(neighbour.status, status)
      await first
      // It takes nothing from the neighbour, who has less.
      const second = ended(attackers[1]!.client)
      assert.equal((await ask('127.0.0.2')).status, '503')
      assert.equal((await ask('127.0.0.3')).status, status)
      await second
      assert.ok(isOpen(neighbour.client))
      assert.deepEqual(
        attackers.map(({ client }) => isOpen(client)),
        attackers.map((_, i) => i > 1),
      )
      // What has gone has left its place, here and in the thread.
      for (const { client } of attackers) client.destroy()
      while ((await crossed.thread.state()).active > 2);
      for (let i = 0; i < STREAMS - 2; i++) assert.equal((await ask('127.0.0.4')).status, status)
      assert.ok(isOpen(neighbour.client))
    })
  }
})
