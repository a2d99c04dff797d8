import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, suite, test } from 'node:test'
import { WebSocket } from 'ws'
import { EventStreamParser } from '../../src/composition/streams/event-stream.ts'
import { Crossed } from '../support/crossing.ts'
import { Seen } from '../support/until.ts'

/** A source of events on a real socket, which says what it is told to. */
class Source {
  readonly clients = new Set<ServerResponse>()
  readonly opened = new Seen<unknown>()
  readonly closed = new Seen<unknown>()
  private readonly server = createServer((_, response) => {
    response.on('close', () => {
      this.clients.delete(response)
      this.closed.push(response)
    })
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    this.clients.add(response)
    this.opened.push(response)
  })

  async start(): Promise<string> {
    await once(this.server.listen(0, '127.0.0.1'), 'listening')
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  say(price: number): void {
    for (const client of this.clients) client.write(`id: ${price}\ndata: {"price":${price},"cost":1}\n\n`)
  }

  stop(): void {
    this.server.close()
    this.server.closeAllConnections()
  }
}

/** A client of events. */
class Subscriber {
  readonly prices = new Seen<number>()
  readonly response: Promise<IncomingMessage>
  private readonly parser = new EventStreamParser(10_000)

  constructor(port: number, headers: Readonly<Record<string, string>> = {}) {
    const request = get({
      port,
      path: '/prices',
      headers: { accept: 'text/event-stream', ...headers },
      agent: false,
    })
    request.on('error', () => undefined)
    this.response = once(request, 'response').then(([response]) => response as IncomingMessage)
    void this.response.then(response =>
      response
        .on('error', () => undefined)
        .on('data', (chunk: Buffer) => {
          for (const { data } of this.parser.push(chunk))
            this.prices.push((JSON.parse(data) as { price: number }).price)
        }),
    )
  }

  async leave(): Promise<void> {
    ;(await this.response).destroy()
  }
}

suite('a composition that streams, behind a gateway', () => {
  const source = new Source()
  let crossed: Crossed

  before(async () => {
    crossed = await Crossed.start({
      entry: './streaming-thread.ts',
      workerData: await source.start(),
      // Each request that crosses counts as one.
      cluster: { maxConnections: 0 },
    })
  })
  after(async () => {
    await crossed[Symbol.asyncDispose]()
    source.stop()
  })

  for (const count of [1, 1_000])
    test(`has ${count} subscribers of one subscription, and ends that after the last`, async () => {
      const opened = source.opened.all.length
      const all: Subscriber[] = []
      // A few at a time: a thousand at once are a flood, to which the gateway would say so.
      while (all.length < count) {
        const some = Array.from({ length: Math.min(20, count) }, () => new Subscriber(crossed.port))
        for (const { response } of some) assert.equal((await response).statusCode, 200)
        all.push(...some)
      }
      await source.opened.count(opened + 1)
      for (const price of [1, 2, 3]) source.say(price)
      for (const { prices } of all) assert.deepEqual(await prices.count(3), [1, 2, 3])
      assert.equal(source.opened.all.length, opened + 1)
      const back = new Subscriber(crossed.port, { 'last-event-id': '1' })
      assert.deepEqual(await back.prices.count(2), [2, 3])
      await Promise.all([...all, back].map(one => one.leave()))
      await source.closed.count(opened + 1)
    })

  test('is a WebSocket', async () => {
    const client = new WebSocket(`ws://127.0.0.1:${crossed.port}/sum`)
    await once(client, 'open')
    for (const [add, sum] of [
      [1, 1],
      [2, 3],
      [39, 42],
    ] as const) {
      client.send(JSON.stringify({ add }))
      const [data] = (await once(client, 'message')) as [Buffer]
      assert.deepEqual(JSON.parse(data.toString()), { price: sum })
    }
    client.send('{}')
    const [code] = (await once(client, 'close')) as [number]
    assert.equal(code, 1008)
  })
})
