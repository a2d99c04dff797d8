// Streams of gRPC as WebSockets: through a gateway and a thread, to a server of @grpc/grpc-js, from clients of `ws`.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { after, before, suite, test } from 'node:test'
import { status, type ServerDuplexStream } from '@grpc/grpc-js'
import { WebSocket, type ClientOptions } from 'ws'
import { Crossed } from '../support/crossing.ts'
import { LibraryServer } from '../support/library-server.ts'
import { Seen } from '../support/until.ts'

type Json = Readonly<Record<string, unknown>>
type Talk = ServerDuplexStream<Json, Json>

/** A client, what it has been told, and with which code it was closed. */
class Client {
  readonly told = new Seen<Json>()
  readonly closed: Promise<readonly [code: number, reason: string]>
  readonly socket: WebSocket

  constructor(port: number, path: string, options: ClientOptions = {}) {
    this.socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { perMessageDeflate: false, ...options })
    this.socket.on('message', (data: Buffer) => this.told.push(JSON.parse(data.toString()) as Json))
    this.closed = once(this.socket, 'close').then(([code, reason]) => [code as number, String(reason)])
    this.closed.catch(() => undefined)
  }

  async opened(): Promise<this> {
    await once(this.socket, 'open')
    return this
  }

  say(...messages: readonly unknown[]): void {
    for (const one of messages) this.socket.send(typeof one === 'string' ? one : JSON.stringify(one))
  }
}

const LONG = 'x'.repeat(64 * 1024)
const COUNT = 1_000

suite('a stream of gRPC as a WebSocket', () => {
  /** What the backend has been told, method and message, and how its streams have ended. */
  const heard = new Seen<readonly [string, Json]>()
  const ended = new Seen<string>()
  let sent = 0
  let library: LibraryServer
  let crossed: Crossed
  /** One whose WebSockets are as they are where nothing is said of them. */
  let usual: Crossed
  let held: Talk | null = null

  const talk = (call: Talk): void => {
    const name = () => String(call.metadata.get('x-name')[0] ?? '')
    call.on('cancelled', () => ended.push(`cancelled ${name()}`))
    call.on('end', () => {
      ended.push(`ended ${name()}`)
      call.end()
    })
    call.on('error', () => undefined)
    call.on('data', (author: Json) => {
      heard.push(['Discuss', author])
      if (author['givenName'] === 'flood') {
        void flood(call)
        return
      }
      if (author['givenName'] === 'hold') {
        call.pause()
        held = call
        return
      }
      if (author['givenName'] === 'nobody')
        call.emit('error', { code: status.NOT_FOUND, details: 'nobody of this name' })
      else call.write({ familyName: `not ${String(author['givenName'])}` })
    })
  }

  const flood = async (call: Talk): Promise<void> => {
    for (sent = 0; sent < COUNT && !call.cancelled; sent++)
      if (!call.write({ familyName: LONG })) await once(call, 'drain')
    call.end()
  }

  before(async () => {
    library = await LibraryServer.start({
      Discuss: talk as never,
      ImportBooks: (call, answer) => {
        const books: Json[] = []
        call.on('data', (book: Json) => books.push(book))
        call.on('end', () => {
          heard.push(['ImportBooks', { books }])
          answer(null, { books: books.map(({ book }) => book) as never })
        })
      },
      WatchBooks: call => {
        heard.push(['WatchBooks', call.request])
        for (const name of ['a', 'b']) call.write({ name })
        call.end()
      },
    })
    const { url } = library
    const sockets = { everyMethod: true, origins: ['https://pages.example'] }
    crossed = await Crossed.start({ entry: './transcoding-thread.ts', workerData: { url, sockets } })
    usual = await Crossed.start({ entry: './transcoding-thread.ts', workerData: { url } })
  })
  after(async () => {
    await usual[Symbol.asyncDispose]()
    await crossed[Symbol.asyncDispose]()
    await library[Symbol.asyncDispose]()
  })

  const open = (path: string, options?: ClientOptions) => new Client(crossed.port, path, options).opened()

  test('of both: each message is answered, and one without text ends what the client says', async () => {
    const client = await open('/v1/discussion')
    for (const givenName of ['Ada', 'Mary']) {
      const { length } = client.told.all
      client.say({ givenName })
      assert.deepEqual((await client.told.count(length + 1)).at(-1), { familyName: `not ${givenName}` })
    }
    client.say({ given_name: 'Last' }, '')
    assert.deepEqual(await client.closed, [1000, ''])
    assert.equal(client.told.all.length, 3)
  })

  test('of the client: path and query are in the first message, and the answer comes behind the last', async () => {
    // The rule is one of POST, which a browser cannot open a WebSocket by.
    const client = await open('/v1/shelves/poems/books:import')
    client.say({ book: { name: 'a' } }, { book: { name: 'b' } }, '')
    assert.deepEqual(await client.closed, [1000, ''])
    assert.deepEqual(client.told.all, [{ books: [{ name: 'a' }, { name: 'b' }] }])
    const [, { books }] = await heard.first(([method]) => method === 'ImportBooks')
    assert.deepEqual(books, [{ parent: 'shelves/poems', book: { name: 'a' } }, { book: { name: 'b' } }])
  })

  test('of the backend: the request is all that there is to say', async () => {
    const client = await open('/v1/shelves/poems/books:watch')
    assert.deepEqual(await client.closed, [1000, ''])
    assert.deepEqual(client.told.all, [{ name: 'a' }, { name: 'b' }])
    const [, request] = await heard.first(([method]) => method === 'WatchBooks')
    assert.deepEqual(request, { parent: 'shelves/poems' })
  })

  test('an error is the last message, and its code that of the close', async () => {
    const client = await open('/v1/discussion')
    client.say({ givenName: 'Ada' }, { givenName: 'nobody' })
    assert.deepEqual(await client.closed, [4005, 'nobody of this name'])
    assert.deepEqual(client.told.all.at(-1), {
      error: { code: 5, message: 'nobody of this name', details: [] },
    })
  })

  for (const [what, path, message, code, error] of [
    ['no JSON', '/v1/discussion', '{', 4003, /not JSON of library\.Author/],
    ['an unknown member', '/v1/discussion', { name: 'x' }, 4003, /key .*name.* is unknown/],
    ['bytes', '/v1/discussion', Buffer.from('{}'), 4003, /is JSON, and so it is text/],
    ['a parameter that no field takes', '/v1/discussion?size=1', {}, 4003, /size/],
    ['more than a body may be', '/v1/discussion', 'x'.repeat(2 * 1024 * 1024), 1009, null],
  ] as const)
    test(`${what} ends it`, async () => {
      const client = await open(path)
      client.socket.send(
        typeof message === 'string' || Buffer.isBuffer(message) ? message : JSON.stringify(message),
      )
      assert.equal((await client.closed)[0], code)
      if (error !== null) assert.match(JSON.stringify(client.told.all.at(-1)), error)
    })

  test('a client that closes has said all; of one that is lost the call is cancelled', async () => {
    const closing = await open('/v1/discussion')
    closing.say({ givenName: 'closing' })
    await closing.told.count(1)
    const ends = ended.all.length
    closing.socket.close(1000)
    await closing.closed
    assert.match((await ended.count(ends + 1))[ends]!, /^ended/)
    const lost = await open('/v1/discussion')
    lost.say({ givenName: 'lost' })
    await lost.told.count(1)
    lost.socket.terminate()
    await ended.first(how => how.startsWith('cancelled'))
  })

  test('the time that the client gives it is kept', async () => {
    const client = await open('/v1/discussion', { headers: { 'grpc-timeout': '200m' } })
    assert.equal((await client.closed)[0], 4004)
    assert.match(JSON.stringify(client.told.all), /"code":4/)
  })

  /** How a handshake is refused, or 101. */
  const handshake = async (port: number, path: string, headers: Record<string, string> = {}) => {
    const client = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers })
    client.on('error', () => undefined)
    const response = await Promise.race([
      once(client, 'unexpected-response').then(([, refused]) => refused as IncomingMessage),
      once(client, 'open').then(() => ({ statusCode: 101, headers: {} }) as IncomingMessage),
    ])
    client.terminate()
    return response
  }

  test('a method of one message is none, and neither is a path without a rule', async () => {
    for (const [path, expected] of [
      ['/v1/shelves/a/books/b', 501],
      ['/v1/nothing', 404],
    ] as const)
      assert.equal((await handshake(crossed.port, path)).statusCode, expected, path)
  })

  test('a rule of another method is opened only where that is said: its handshake is a GET', async () => {
    const { length } = heard.all
    const refused = await handshake(usual.port, '/v1/shelves/poems/books:import')
    assert.deepEqual([refused.statusCode, refused.headers['allow']], [405, 'POST'])
    assert.equal((await handshake(usual.port, '/v1/discussion')).statusCode, 101)
    assert.equal((await handshake(crossed.port, '/v1/shelves/poems/books:import')).statusCode, 101)
    assert.ok(heard.all.slice(length).every(([method]) => method !== 'ImportBooks'))
  })

  for (const [origin, expected] of [
    ['http://shop.example', 101],
    ['https://SHOP.example', 101],
    ['https://shop.example:8443', 403],
    ['https://evil.example', 403],
    ['https://shop.example.evil.example', 403],
    ['https://evil.example, https://shop.example', 403],
    ['null', 403],
    // What `sockets.origins` lists, and only where it does.
    ['https://pages.example', 101],
    ['http://pages.example', 403],
  ] as const)
    test(`a page of ${origin} is answered ${expected}`, async () => {
      const headers = { host: 'shop.example', origin }
      const { statusCode } = await handshake(crossed.port, '/v1/discussion', headers)
      assert.equal(statusCode, expected)
      const unlisted = await handshake(usual.port, '/v1/discussion', headers)
      assert.equal(unlisted.statusCode, origin.includes('pages') ? 403 : expected)
    })

  /** Others are served meanwhile, as long as it takes. */
  const neighbours = async (): Promise<void> => {
    const neighbour = await open('/v1/discussion')
    for (let n = 1; n <= 50; n++) {
      neighbour.say({ givenName: 'next' })
      await neighbour.told.count(n)
    }
    neighbour.say('')
    await neighbour.closed
  }

  test('a client that takes nothing holds its backend up, and nobody else', async () => {
    const client = await open('/v1/discussion')
    client.socket.pause()
    client.say({ givenName: 'flood' })
    await heard.first(([, { givenName }]) => givenName === 'flood')
    await neighbours()
    assert.ok(sent < COUNT / 2, `${sent} messages of 64 KiB have gone to a client that takes none`)
    client.socket.resume()
    await client.told.count(COUNT)
    client.socket.terminate()
  })

  test('a backend that takes nothing holds its client up, and nobody else', async () => {
    const client = await open('/v1/discussion')
    client.say({ givenName: 'hold' })
    await heard.first(([, { givenName }]) => givenName === 'hold')
    for (let n = 0; n < COUNT / 2; n++) client.say({ familyName: LONG })
    await neighbours()
    assert.ok(client.socket.bufferedAmount > 8 * 1024 * 1024, String(client.socket.bufferedAmount))
    const already = heard.all.length
    held!.resume()
    await heard.count(already + COUNT / 2)
    client.socket.terminate()
  })
})
