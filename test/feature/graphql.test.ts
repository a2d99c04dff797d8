import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { suite, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { createClient as eventsClient } from 'graphql-sse'
import { createClient as socketClient } from 'graphql-ws'
import { Agent, fetch, H2CClient, type Dispatcher } from 'undici'
import { WebSocket } from 'ws'
import type { TestGateway } from '../support/gateway.ts'
import { Counting, graphqlServer } from '../support/graphql-server.ts'
import { TunnelClient } from '../support/tunnels.ts'
import { clientTls, combinations, isSecure, portFor, startBetween, type Wire } from '../support/wires.ts'

const COUNT = 5
const SUBSCRIPTION = `subscription { count(to: ${COUNT}) }`

/** A client by others (undici) that speaks what the wire says. */
class Fetcher implements AsyncDisposable {
  readonly origin: string
  private readonly dispatcher: Dispatcher

  constructor(wire: Wire, running: TestGateway) {
    this.origin = `${isSecure(wire) ? 'https' : 'http'}://127.0.0.1:${portFor(wire, running)}`
    this.dispatcher =
      wire === 'h2c'
        ? new H2CClient(this.origin)
        : new Agent({
            allowH2: wire === 'h2',
            connect: { ca: clientTls.ca, servername: clientTls.servername },
          })
  }

  readonly fetch: typeof fetch = (input, init) => fetch(input, { ...init, dispatcher: this.dispatcher })

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispatcher.destroy()
  }
}

/** Receives values one by one, each of which is asked for only when the one before is here. */
async function counted(values: AsyncIterable<unknown>, counting: Counting): Promise<unknown[]> {
  const seen: unknown[] = []
  counting.released.push(true)
  for await (const value of values) {
    seen.push(value)
    counting.released.push(true)
  }
  return seen
}

/** A subscription that waits for its next value hears with that one that nobody wants it. */
async function left(counting: Counting, subscriptions: number): Promise<void> {
  while (counting.left.all.length < subscriptions) {
    counting.released.push(true)
    await setImmediate()
  }
}

const all = Array.from({ length: COUNT }, (_, i) => ({ data: { count: i + 1 } }))

for (const [client, upstream] of combinations)
  suite(`GraphQL from ${client} to ${upstream}`, () => {
    test('queries and mutations by POST, queries by GET', async () => {
      await using server = await graphqlServer(upstream, new Counting())
      await using running = await startBetween(upstream, server.port)
      await using peer = new Fetcher(client, running)
      const post = async (query: string): Promise<unknown> => {
        const answer = await peer.fetch(`${peer.origin}/graphql`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ query, variables: { name: 'you' } }),
        })
        return answer.json()
      }
      assert.deepEqual(await post('query($name: String) { hello(name: $name) }'), {
        data: { hello: 'hello you' },
      })
      assert.deepEqual(await post('mutation { greet(name: "me") }'), { data: { greet: 'greeted me' } })
      const asked = new URLSearchParams({ query: '{ hello(name: "ä&+/") }' })
      const answer = await peer.fetch(`${peer.origin}/graphql?${asked.toString()}`)
      assert.deepEqual(await answer.json(), { data: { hello: 'hello ä&+/' } })
      const wrong = await peer.fetch(`${peer.origin}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json' },
        body: '{"query":"{ nothing }"}',
      })
      assert.equal(wrong.status, 400)
      assert.match(await wrong.text(), /Cannot query field/)
      for (const line of running.lines)
        assert.equal(line['network.protocol.version'], client === 'h2' || client === 'h2c' ? '2' : '1.1')
    })

    test('a subscription by server-sent events, and one that its client leaves', async () => {
      const counting = new Counting()
      await using server = await graphqlServer(upstream, counting)
      await using running = await startBetween(upstream, server.port)
      await using peer = new Fetcher(client, running)
      const events = eventsClient({ url: `${peer.origin}/events`, fetchFn: peer.fetch, retryAttempts: 0 })
      const values = events.iterate({ query: SUBSCRIPTION })
      assert.deepEqual(await counted(values, counting), all)
      await counting.left.count(1)
      const others = events.iterate({ query: 'subscription { count(to: 1000000) }' })
      assert.deepEqual((await others.next()).value, { data: { count: 1 } })
      await others.return?.()
      events.dispose()
      await left(counting, 2)
    })

    test('a subscription by WebSocket, and one that its client completes', async () => {
      const counting = new Counting()
      await using server = await graphqlServer(upstream, counting)
      await using running = await startBetween(upstream, server.port)
      await using opener = await TunnelClient.to(client, running)
      const connection = await opener.socket()
      class Impl extends WebSocket {
        constructor(url: string, protocols: string[]) {
          super(url, protocols, { createConnection: () => connection as Socket })
        }
      }
      const subscriber = socketClient({
        url: 'ws://a.example/graphql',
        webSocketImpl: Impl,
        retryAttempts: 0,
        lazy: false,
      })
      assert.deepEqual(await counted(subscriber.iterate({ query: SUBSCRIPTION }), counting), all)
      await counting.left.count(1)
      const others = subscriber.iterate({ query: 'subscription { count(to: 1000000) }' })
      assert.deepEqual((await others.next()).value, { data: { count: 1 } })
      await others.return?.()
      await left(counting, 2)
      await subscriber.dispose()
    })
  })
