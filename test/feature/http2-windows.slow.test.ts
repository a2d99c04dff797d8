import assert from 'node:assert/strict'
import type { ServerHttp2Session } from 'node:http2'
import { suite, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { data, headers, post } from '../support/http2/wire.ts'
import type { TestGateway } from '../support/gateway.ts'
import { startGateway } from '../support/gateway.ts'
import { Neighbour } from '../support/neighbour.ts'
import { RawHttp2Client } from '../support/raw-http2.ts'
import { settled } from '../support/settled.ts'
import { WireServer, type WireRequest } from '../support/wire-server.ts'
import { between, patient, portFor, type Wire } from '../support/wires.ts'

const FIRST = 65_535
const MIB = 1024 * 1024
const buffered = (gateway: TestGateway): number =>
  Number(/\nportcullis_buffered_bytes (\d+)/.exec(gateway.metrics())?.[1] ?? 0)

/** Uploads on one connection, each of which sends all that it may. */
class Uploads implements AsyncDisposable {
  readonly client: RawHttp2Client
  sent = 0
  private connection = FIRST
  private readonly windows = new Map<number, number>()
  private taken = 0

  constructor(client: RawHttp2Client, streams: number) {
    this.client = client
    for (let n = 0; n < streams; n++) this.open(1 + 2 * n)
  }

  private open(id: number): void {
    this.windows.set(id, FIRST)
    this.client.says(headers(id, post(), 4))
  }

  /** What may be sent on all of them. */
  get allowed(): number {
    this.hear()
    return [...this.windows.values()].reduce((sum, window) => sum + window, 0)
  }

  private hear(): void {
    const { frames } = this.client
    for (; this.taken < frames.length; this.taken++) {
      const { type, stream, payload } = frames[this.taken]!
      if (type !== 8) continue
      const increment = payload.readUInt32BE(0)
      if (stream === 0) this.connection += increment
      else this.windows.set(stream, this.windows.get(stream)! + increment)
    }
  }

  send(): void {
    this.hear()
    for (const [id, window] of this.windows) {
      const bytes = Math.min(window, this.connection)
      for (let at = 0; at < bytes; at += 16_384)
        this.client.says(data(id, Buffer.alloc(Math.min(16_384, bytes - at))))
      this.windows.set(id, window - bytes)
      this.connection -= bytes
      this.sent += bytes
    }
  }

  /** All of them have a window again, a while after what was sent; or the connection is over. */
  async renewed(): Promise<void> {
    await this.client.until(() => {
      this.hear()
      return [...this.windows.values()].every(window => window >= FIRST / 2)
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client[Symbol.asyncDispose]()
  }
}

/** Reads uploads until it is stopped, and goes on after that; `/neighbour` is answered all the time. */
class Backend {
  received = 0
  private readonly requests: WireRequest[] = []

  start(wire: Wire): Promise<WireServer> {
    return WireServer.start(wire, (request, response) => {
      if (request.url === '/neighbour') return void response.end('ok')
      this.requests.push(request)
      request.on('data', (chunk: Buffer) => (this.received += chunk.length))
      request.on('error', () => {})
    })
  }

  stop(): void {
    for (const request of this.requests) request.pause()
  }

  go(): void {
    for (const request of this.requests) request.resume()
  }
}

suite('windows that have grown on 100 streams of 50 connections', () => {
  for (const wire of ['h1', 'h2c'] as const)
    test(`hold no more than the worker may when the backend stops (${wire})`, async () => {
      const backend = new Backend()
      await using server = await backend.start(wire)
      if (wire === 'h2c')
        server.server.on('session', (session: ServerHttp2Session) => session.setLocalWindowSize(16 * MIB))
      const budget = 32 * MIB
      const overload = { exchanges: 10_000, bufferedBytes: 2 * budget, heapShare: 1 }
      await using gateway = await startGateway(between(wire, server.port, { client: patient }), { overload })
      const port = portFor('h2c', gateway)
      const clients = await Promise.all(Array.from({ length: 50 }, () => RawHttp2Client.to(port)))
      const uploads = clients.map(client => new Uploads(client, 2))
      const total = (of: (one: Uploads) => number): number => uploads.reduce((sum, one) => sum + of(one), 0)
      for (let round = 0; round < 8; round++) {
        // A round trip, beside which the time is short that a busy machine needs.
        for (const one of uploads) one.send()
        await Promise.all(uploads.map(one => one.renewed()))
        await setTimeout(round < 4 ? 100 : 20)
      }
      const granted = total(one => one.allowed)
      assert.ok(granted > 1.5 * 100 * FIRST, `${granted} are granted`)
      assert.ok(granted <= budget / 2 + 100 * FIRST, `${granted} are granted`)

      backend.stop()
      await using neighbour = new Neighbour(portFor('h2c', gateway), false)
      let most = 0
      for (let turn = 0; turn < 20; turn++) {
        for (const one of uploads) one.send()
        await neighbour.served()
        most = Math.max(most, buffered(gateway))
      }
      await settled(() => {
        for (const one of uploads) one.send()
        most = Math.max(most, buffered(gateway))
        return total(one => one.sent)
      })
      assert.ok(most <= budget, `${most} bytes waited`)
      await neighbour.served()

      backend.go()
      await settled(() => backend.received)
      while (backend.received < total(one => one.sent)) await neighbour.served()
      assert.ok(clients.every(client => !client.ended))
      await Promise.all(clients.map(one => one[Symbol.asyncDispose]()))
    })
})
