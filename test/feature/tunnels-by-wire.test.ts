import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { suite, test } from 'node:test'
import { settled } from '../support/settled.ts'
import { readTunnel, type TunnelReader } from '../support/tunnel-reader.ts'
import { Tunnel } from '../support/tunnel.ts'
import { Seen } from '../support/until.ts'
import { combinations, patient } from '../support/wires.ts'

const behind = (text: string): string => text.slice(text.indexOf('\r\n\r\n') + 4)

/** The head of the client's end, and what comes on the upstream's. */
async function bothRead({ near, far }: Tunnel): Promise<{ client: TunnelReader; upstream: Seen<string> }> {
  const upstream = new Seen<string>()
  let text = ''
  far.on('data', (chunk: Buffer) => upstream.push((text += chunk.toString('latin1'))))
  far.on('end', () => upstream.push(`${text}<end>`))
  return { client: await readTunnel(near), upstream }
}

for (const [client, upstream] of combinations)
  suite(`${client} to ${upstream}`, () => {
    test('each direction ends by itself, the client’s first', async () => {
      await using tunnel = await Tunnel.open(client, upstream)
      const { client: near, upstream: far } = await bothRead(tunnel)
      tunnel.near.end('the last of the client')
      await far.first(text => text === 'the last of the client<end>')
      const rest = 'y'.repeat(300_000)
      tunnel.far.end(rest)
      assert.equal(behind(await near.ended), rest)
      const line = await tunnel.running.line(() => true)
      assert.deepEqual(
        [line['portcullis.failure'], line['http.request.body.size'], line['http.response.body.size']],
        [undefined, 22, rest.length],
      )
    })

    test('each direction ends by itself, the upstream’s first', async () => {
      await using tunnel = await Tunnel.open(client, upstream)
      const { client: near, upstream: far } = await bothRead(tunnel)
      tunnel.far.end('the last of the upstream')
      assert.equal(behind(await near.ended), 'the last of the upstream')
      const rest = 'z'.repeat(300_000)
      tunnel.near.end(rest)
      await far.first(text => text === `${rest}<end>`)
      const line = await tunnel.running.line(() => true)
      assert.deepEqual(
        [line['portcullis.failure'], line['http.request.body.size'], line['http.response.body.size']],
        [undefined, rest.length, 24],
      )
    })

    for (const slow of ['client', 'upstream'] as const)
      test(`a fast sender waits for a slow ${slow}, and nothing is lost`, async () => {
        await using tunnel = await Tunnel.open(client, upstream, { client: patient })
        const head = await readTunnel(tunnel.near)
        assert.match(head.head, /^HTTP\/1\.1 101 /)
        const [sender, receiver] = slow === 'upstream' ? [tunnel.near, tunnel.far] : [tunnel.far, tunnel.near]
        receiver.pause()
        const total = 28 * 1024 * 1024
        const piece = randomBytes(65_536)
        const sent = createHash('sha256')
        let accepted = 0
        const pump = (): void => {
          if (accepted === total) return void sender.end()
          sent.update(piece)
          accepted += piece.length
          sender.write(piece, pump)
        }
        pump()
        const stopped = await settled(() => accepted)
        // Socket buffers of two connections, or windows, and little between them.
        assert.ok(stopped < 24 * 1024 * 1024, `${stopped} bytes went into the tunnel`)
        const received = createHash('sha256')
        receiver.removeAllListeners('data')
        receiver.on('data', (data: Buffer) => received.update(data))
        const over = new Promise(resolve => receiver.once('end', resolve))
        receiver.resume()
        await over
        assert.equal(accepted, total)
        assert.equal(received.digest('hex'), sent.digest('hex'))
      })
  })
