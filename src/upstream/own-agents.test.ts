import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, get } from 'node:http'
import { get as getSecurely } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterEach, suite, test } from 'node:test'
import { PlainAgent, SecureAgent } from './own-agents.ts'
import { setOwnListeners } from './own-listeners.ts'

/** A listener, and how many connections it has had. */
async function listening() {
  const seen = { connections: 0 }
  const server = createServer((_, response) => void response.end('here'))
  server.on('connection', () => seen.connections++).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    seen,
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

suite('requests of our own', () => {
  afterEach(() => setOwnListeners([]))

  const hosts = ['127.0.0.1', 'localhost', '0.0.0.0', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '2130706433']
  for (const host of hosts)
    test(`never come to the admin listener by ${host}`, async () => {
      await using admin = await listening()
      setOwnListeners([{ address: '127.0.0.1', port: admin.port }])
      for (const ask of [
        () => get(`http://${host}:${admin.port}/`, { agent: new PlainAgent() }),
        () => getSecurely(`https://${host}:${admin.port}/`, { agent: new SecureAgent() }),
      ]) {
        const [error] = (await once(ask(), 'error')) as [Error]
        assert.equal(error.message, 'the admin listener of this gateway')
      }
      assert.equal(admin.seen.connections, 0)
    })

  test('come to every other', async () => {
    await using admin = await listening()
    await using other = await listening()
    setOwnListeners([{ address: '127.0.0.1', port: admin.port }])
    for (const host of ['127.0.0.1', 'localhost']) {
      const [response] = (await once(
        get(`http://${host}:${other.port}/`, { agent: new PlainAgent() }),
        'response',
      )) as [{ readonly statusCode: number }]
      assert.equal(response.statusCode, 200)
    }
  })
})
