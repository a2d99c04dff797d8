import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { suite, test } from 'node:test'
import { data, headers, post } from '../support/http2/wire.ts'
import { requirePeer } from '../support/peer.ts'
import { RawHttp2Client } from '../support/raw-http2.ts'
import { WireServer } from '../support/wire-server.ts'
import { portFor, startBetween, type Wire } from '../support/wires.ts'

/** Answers 401 before it has read anything of the body. */
const refusing = (wire: Wire): Promise<WireServer> =>
  WireServer.start(wire, (_request, response) => {
    response.writeHead(401, { 'content-type': 'text/plain' })
    response.end('who are you?\n')
  })

suite('curl gets the answer that comes before its upload is over', () => {
  for (const client of ['h2c', 'h2'] as const)
    for (const upstream of ['h1', 'h2c'] as const)
      for (const [status, more] of [
        [401, {}],
        [413, { client: { limits: { bodyBytes: 100_000 } } }],
      ] as const)
        test(`${status} (${client} to ${upstream})`, async t => {
          const curl = requirePeer(t, 'curl')
          if (curl === null) return
          await using server = await refusing(upstream)
          await using running = await startBetween(upstream, server.port, more)
          const port = portFor(client, running)
          const url = `${client === 'h2' ? 'https' : 'http'}://a.example:${port}/`
          const options = ['-sk', '--http2-prior-knowledge', '--resolve', `a.example:${port}:127.0.0.1`]
          options.push('-w', '\\n%{http_version} %{http_code} %{exitcode}')
          for (let i = 0; i < 5; i++) {
            const child = spawn(curl, [...options, '--data-binary', '@-', url])
            const exit = once(child, 'close')
            child.stdin.on('error', () => {})
            child.stdin.end(Buffer.alloc(3_000_000))
            const said = await text(child.stdout)
            await exit
            assert.equal(said.split('\n').at(-1), `2 ${status} 0`)
            assert.match(said, status === 401 ? /^who are you\?/ : /"http_request_too_large"/)
          }
        })
})

test('what a client goes on to send takes nothing from its other streams', async () => {
  await using server = await WireServer.start('h1', (request, response) => {
    request.on('error', () => {})
    response.writeHead(401)
    response.end()
  })
  await using running = await startBetween('h1', server.port)
  await using client = await RawHttp2Client.to(portFor('h2c', running))
  const window = (): number =>
    client.frames.reduce(
      (sum, one) => (one.type === 8 && one.stream === 0 ? sum + one.payload.readUInt32BE(0) : sum),
      0,
    )
  // Forty bodies of which each fills its stream's window: more than twice what the connection has.
  for (let n = 0; n < 40; n++) {
    const id = 1 + 2 * n
    client.says(headers(id, post(), 4))
    await client.until(new RegExp(`^DATA ${id} 0 END$`))
    for (let i = 0; i < 4; i++) client.says(data(id, Buffer.alloc(16_383)))
  }
  await client.until(() => window() >= 983_041 + 1_500_000)
  await client.until(/^RST 79 NO_ERROR$/)
  assert.ok(!client.ended)
})
