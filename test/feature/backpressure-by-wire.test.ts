import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { suite, test } from 'node:test'
import { settled } from '../support/settled.ts'
import { Seen } from '../support/until.ts'
import { wireClient } from '../support/wire-client.ts'
import { WireServer, type WireRequest, type WireResponse } from '../support/wire-server.ts'
import { combinations, patient, portFor, startBetween } from '../support/wires.ts'

const total = 28 * 1024 * 1024
/** Socket buffers of two connections, or windows, and little between them. */
const most = 24 * 1024 * 1024
const piece = randomBytes(64 * 1024)

/** Writes `total` bytes, each piece when the one before has been taken; counts and digests what was. */
class Pump {
  accepted = 0
  private readonly hash = createHash('sha256')
  private readonly sink: Writable

  constructor(sink: Writable) {
    this.sink = sink
    this.more()
  }

  private more(): void {
    if (this.accepted === total) return void this.sink.end()
    this.hash.update(piece)
    this.accepted += piece.length
    this.sink.write(piece, error => {
      if (error == null) this.more()
    })
  }

  digest(): string {
    return this.hash.digest('hex')
  }
}

async function digestOf(source: Readable): Promise<string> {
  const hash = createHash('sha256')
  source.on('data', (data: Buffer) => hash.update(data))
  await once(source, 'end')
  return hash.digest('hex')
}

for (const [client, upstream] of combinations)
  suite(`${client} to ${upstream}`, () => {
    // What Node takes by default, and windows that are full all the time.
    for (const initialWindowSize of [65_535, 4_096]) {
      const windows = `windows of ${initialWindowSize}`
      if (initialWindowSize === 4_096 && client !== 'h2c' && upstream !== 'h2c') continue

      test(`a client that does not read stops its upstream, and gets all in the end (${windows})`, async () => {
        const pumps = new Seen<Pump>()
        await using server = await WireServer.start(
          upstream,
          (_request, response) => {
            response.writeHead(200)
            pumps.push(new Pump(response))
          },
          { initialWindowSize },
        )
        await using running = await startBetween(upstream, server.port, { client: patient })
        await using peer = wireClient(client, portFor(client, running), { initialWindowSize })
        const call = peer.ask()
        await call.head
        const pump = await pumps.first()
        const stopped = await settled(() => pump.accepted)
        assert.ok(stopped < most, `the upstream could write ${stopped} bytes`)
        const digest = await digestOf(call.response())
        assert.equal(pump.accepted, total)
        assert.equal(digest, pump.digest())
      })

      test(`an upstream that does not read stops its client, and gets all in the end (${windows})`, async () => {
        const requests = new Seen<[WireRequest, WireResponse]>()
        await using server = await WireServer.start(
          upstream,
          (request, response) => requests.push([request, response]),
          { initialWindowSize },
        )
        await using running = await startBetween(upstream, server.port, { client: patient })
        await using peer = wireClient(client, portFor(client, running), { initialWindowSize })
        const call = peer.ask({ method: 'PUT' })
        const pump = new Pump(call.request)
        const [request, response] = await requests.first()
        const stopped = await settled(() => pump.accepted)
        assert.ok(stopped < most, `the client could write ${stopped} bytes`)
        const digest = await digestOf(request)
        response.writeHead(204)
        response.end()
        assert.equal((await call.whole()).status, 204)
        assert.equal(digest, pump.digest())
      })
    }
  })
