import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { RawClient, RawServer } from '../../test/support/raw.ts'
import { cutOff } from './cut-off.ts'

test('what is still open is reset', async () => {
  await using server = await RawServer.start(socket => socket.once('data', () => cutOff(socket)))
  await using client = await RawClient.to(server.port)
  client.write('hello')
  await client.closed()
  assert.equal((client.error as NodeJS.ErrnoException | null)?.code, 'ECONNRESET')
})

test('what is about to say its end says it, and is closed', async () => {
  const closed = Promise.withResolvers<void>()
  await using server = await RawServer.start(socket => {
    void once(socket, 'close').then(() => closed.resolve(), closed.reject)
    socket.end('all')
    cutOff(socket)
  })
  await using client = await RawClient.to(server.port)
  await closed.promise
  await client.closed()
  assert.equal(client.text, 'all')
})
