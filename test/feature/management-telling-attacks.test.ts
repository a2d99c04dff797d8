// Who asks, backends are told by X-Portcullis-*: no client says it, by no spelling and on no way, policy or none.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { suite, test, type TestContext } from 'node:test'
import { startGateway } from '../support/gateway.ts'
import { block, data, GET, headers, POST } from '../support/http2/wire.ts'
import { plain } from '../support/policies.ts'
import { RawHttp2Client } from '../support/raw-http2.ts'
import { RawClient } from '../support/raw.ts'
import { readBody } from '../support/upstream.ts'

/** Each of them is X-Portcullis-… to somebody. */
const spellings = [
  'X-Portcullis-Principal',
  'x-PORTCULLIS-identity',
  'X-Portcullis-',
  'X-Portcullis-Anything',
  'X.Portcullis.Principal',
  'X-Portcullis.Plan',
  'x~portcullis!plan',
  "X'Portcullis^Plan",
] as const
const underscored = ['X_Portcullis_Principal', 'X-Portcullis_Plan', 'x_portcullis-identity'] as const

/** A gateway with one open route, and all names that its backend has been sent. */
async function open(t: TestContext, client: object = {}) {
  const names: string[] = []
  const server = createServer((request, response) => {
    void readBody(request).then(() => {
      for (const raw of [request.rawHeaders, request.rawTrailers])
        names.push(...raw.filter((_, i) => i % 2 === 0))
      response.end('ok')
    })
  })
  server.on('upgrade', (request, socket) => {
    names.push(...request.rawHeaders.filter((_, i) => i % 2 === 0))
    socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const gateway = await startGateway(plain((server.address() as AddressInfo).port, { client }))
  t.after(async () => {
    await gateway[Symbol.asyncDispose]()
    server.closeAllConnections()
    server.close()
  })
  const heard = (): readonly string[] => names.splice(0).filter(name => /portcullis/i.test(name))
  return { port: gateway.port(), heard }
}

async function status(port: number, request: string): Promise<number> {
  await using client = await RawClient.to(port)
  client.write(request)
  const text = await client.until(/\r\n\r\n/)
  return Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1])
}

suite("a client's own words", () => {
  test('do not pass by HTTP/1.1, as fields, trailers, or with an upgrade', async t => {
    const { port, heard } = await open(t)
    for (const name of spellings) {
      assert.equal(
        await status(port, `GET / HTTP/1.1\r\nHost: a\r\n${name}: eve\r\n${name}: eve\r\n\r\n`),
        200,
      )
      assert.deepEqual(heard(), [], name)
      const chunked = `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n${name}: eve\r\n\r\n`
      assert.equal(await status(port, chunked), 200)
      assert.deepEqual(heard(), [], `trailer ${name}`)
      const upgrade = `GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${name}: eve\r\n\r\n`
      assert.equal(await status(port, upgrade), 403)
      assert.deepEqual(heard(), [], `upgrade ${name}`)
    }
    const listed =
      'GET / HTTP/1.1\r\nHost: a\r\nConnection: X-Portcullis-Plan\r\nX-Portcullis-Plan: eve\r\n\r\n'
    assert.equal(await status(port, listed), 400)
  })

  test('do not pass by HTTP/2, as fields or trailers', async t => {
    const { port, heard } = await open(t)
    await using client = await RawHttp2Client.to(port)
    let id = 1
    for (const name of spellings.map(one => one.toLowerCase())) {
      client.says(headers(id, block(...GET, name, 'eve', name, 'eve')))
      client.says(
        headers(id + 2, block(...POST), 4),
        data(id + 2, 'x'),
        headers(id + 2, block(name, 'eve'), 5),
      )
      const [first, second] = [id, id + 2]
      await client.until(() => [first, second].every(one => client.said.includes(`DATA ${one} 2 END`)))
      assert.deepEqual(heard(), [], name)
      id += 4
    }
  })

  for (const [underscores, expected] of [
    ['reject', 400],
    ['drop', 200],
    ['allow', 400],
  ] as const)
    test(`do not pass with underscores, where a ClientPolicy says ${underscores}`, async t => {
      const { port, heard } = await open(t, { headers: { underscores } })
      for (const name of underscored) {
        assert.equal(await status(port, `GET / HTTP/1.1\r\nHost: a\r\n${name}: eve\r\n\r\n`), expected, name)
        assert.deepEqual(heard(), [], name)
      }
    })
})
