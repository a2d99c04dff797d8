// What strangers may have a thread of a composition hold: less than what ends it, and nothing that a neighbour needs.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { after, before, suite, test } from 'node:test'
import { composedYaml, untilAnswered } from '../support/composed-yaml.ts'
import { Folder, freePort, RunProcess } from '../support/process.ts'
import { TestUpstream } from '../support/upstream.ts'

const MIB = 1024 * 1024

const home = `
import { Type as T } from 'typebox'
import { defineGateway, http } from 'portcullis/composition'

const large = 'x'.repeat(4 * 1024 * 1024)

export const gateway = defineGateway({
  backends: { slow: http({ url: 'http://slow', timeoutMs: 300_000 }) },
  timeoutMs: 300_000,
  routes: r => [
    r.get('/small', { out: T.String(), run: () => 'well' }),
    r.get('/large', { out: T.String(), run: () => large }),
    r.post('/take', { in: { body: T.Array(T.Unknown()) }, out: T.Number(), run: ({ body }) => body.length }),
    r.post('/wait', {
      in: { body: T.Array(T.Unknown()) },
      out: T.Number(),
      async run({ c, body }) {
        await c.slow.get('/')
        return body.length
      },
    }),
    r.stream('/flood', {
      out: T.String(),
      slow: { policy: 'drop-oldest' },
      async *run() {
        for (;;) {
          yield 'x'.repeat(16_384)
          await new Promise(resolve => setTimeout(resolve, 1))
        }
      },
    }),
    r.get('/page', { out: T.String(), async run({ c }) { return (await c.slow.get('/page')).text() } }),
    r.stream('/quiet', {
      out: T.String(),
      async *run() {
        yield 'here'
        await new Promise(() => undefined)
      },
    }),
    r.websocket('/socket', {
      async run({ socket }) {
        await socket.closed
        await new Promise(() => undefined)
      },
    }),
  ],
})
`

type Path = '/small' | '/large' | '/take'

/** What a neighbour asks, and how long the answer is. */
const neighbours: Readonly<Record<Path, RequestInit & { readonly expected: number }>> = {
  '/small': { expected: '"well"'.length },
  '/large': { expected: 4 * MIB + 2 },
  '/take': {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(Array.from({ length: 10_000 }, () => 1)),
    expected: '10000'.length,
  },
}

class Bounded implements AsyncDisposable {
  readonly port: number
  readonly run: RunProcess
  private readonly folder: Folder
  private readonly slow: TestUpstream
  private readonly sockets: Socket[] = []

  private constructor(port: number, run: RunProcess, folder: Folder, slow: TestUpstream) {
    this.port = port
    this.run = run
    this.folder = folder
    this.slow = slow
  }

  static async start(): Promise<Bounded> {
    const slow = await TestUpstream.start((request, response) => {
      // What ends never, of one path after a good deal.
      if (request.url === '/page') response.writeHead(200).write('x'.repeat(3 * MIB))
    })
    const port = await freePort()
    const folder = new Folder({
      'gw.yaml': composedYaml({
        port,
        paths: { '/': 'home' },
        specs: {
          home: '{ bundle: ./home.gateway.ts, limits: { heap: 128Mi, external: 128Mi, stall: 30s } }',
        },
        backends: { slow: slow.port },
      }),
      'home.gateway.ts': home,
    })
    const run = await RunProcess.start([folder.path], '--workers', '1')
    await run.started()
    await untilAnswered(`http://127.0.0.1:${port}/small`, answer => answer === 'well')
    return new Bounded(port, run, folder, slow)
  }

  /** From this address of the machine; the test decides what of it is read. */
  async dial(localAddress: string): Promise<Socket> {
    const socket = connect({ port: this.port, host: '127.0.0.1', localAddress })
    this.sockets.push(socket)
    socket.on('error', () => {})
    await once(socket, 'connect')
    return socket
  }

  /** A neighbour, at another address than attackers, who may hold about as much as each of them. */
  async served(paths: readonly Path[] = ['/small', '/take', '/large']): Promise<void> {
    for (const path of paths) while (!(await this.isServed(path)));
  }

  /** False where the data plane has more to do than this machine can: that is another matter. */
  private async isServed(path: Path): Promise<boolean> {
    const { expected, ...asked } = neighbours[path]
    const response = await fetch(`http://127.0.0.1:${this.port}${path}`, asked)
    const text = await response.text()
    if (text.includes('"proxy_overloaded"')) return false
    assert.equal(text.length, expected, `${path}: ${response.status} ${text.slice(0, 200)} ${this.ends()}`)
    return true
  }

  /** Threads that have ended, for people. */
  private ends(): string {
    return JSON.stringify(this.run.log.all.filter(({ event }) => event === 'composition.thread_ended'))
  }

  /** All who attack go. */
  leave(): void {
    for (const socket of this.sockets.splice(0)) socket.destroy()
  }

  async metric(name: string): Promise<number> {
    const text = await (await this.run.get('/metrics')).text()
    return [...text.matchAll(new RegExp(`^${name}\\{[^}]*\\} (\\d+)`, 'gm'))].reduce(
      (sum, [, value]) => sum + Number(value),
      0,
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.leave()
    await this.run[Symbol.asyncDispose]()
    await this.slow[Symbol.asyncDispose]()
    this.folder[Symbol.dispose]()
  }
}

const asks = (path: string) => (socket: Socket) =>
  void socket.pause().write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`)

/** With as many fields as a request may have. */
const large = Array.from({ length: 5 }, (_, i) => `X-${i}: ${'x'.repeat(12_000)}`).join('\r\n')

const subscribes = (socket: Socket) =>
  void socket.resume().write(`GET /quiet HTTP/1.1\r\nHost: a\r\n${large}\r\n\r\n`)

const sends = (path: string, body: string, length: number) => (socket: Socket) =>
  void socket
    .resume()
    .on('end', () => socket.destroy())
    .write(
      `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n${body}`,
    )

/** A binary frame with this many bytes, of a client: masked by zeros. */
function frame(bytes: number): Buffer {
  const whole = Buffer.alloc(14 + bytes)
  whole[0] = 0x82
  whole[1] = 0xff
  whole.writeBigUInt64BE(BigInt(bytes), 2)
  return whole
}

const opens = (then: Buffer) => (socket: Socket) => {
  socket
    .resume()
    .write(
      'GET /socket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    )
  socket.once('data', () => socket.write(then))
}

const cases: readonly (readonly [what: string, count: number, says: (socket: Socket) => void])[] = [
  ['do not read what they have asked for', 60, asks('/large')],
  ['do not end what they send', 150, sends('/take', '['.padEnd(MIB - 100), MIB - 1)],
  [
    'send what is small as text and large as objects',
    12,
    sends('/wait', `[${'[],'.repeat(250_000)}[]]`, 750_004),
  ],
  ['have a backend answer at length', 40, asks('/page')],
  ['keep streams for which they have sent large fields', 900, subscribes],
  ['do not read a stream', 100, asks('/flood')],
  ['do not end a message of a WebSocket', 100, opens(frame(MIB - 1).subarray(0, MIB - 100))],
  [
    'send messages that nobody takes',
    8,
    opens(Buffer.concat(Array.from({ length: 15 }, () => frame(MIB - 1)))),
  ],
]

suite('strangers and a neighbour of one thread', () => {
  let bounded: Bounded
  before(async () => (bounded = await Bounded.start()))
  after(() => bounded[Symbol.asyncDispose]())

  for (const [what, count, says] of cases)
    for (const from of ['one address', 'an address each'].slice(0, count > 250 ? 1 : 2))
      test(`${count} who ${what}, from ${from}`, async t => {
        t.after(() => bounded.leave())
        const displaced = () => bounded.metric('portcullis_composition_displaced_total')
        const shed = () => bounded.metric('portcullis_requests_shed_total')
        const soFar = await displaced()
        const isOne = from === 'one address'
        const addresses = Array.from({ length: count }, (_, i) => (isOne ? '127.0.0.2' : `127.0.1.${i + 1}`))
        const attack = () => Promise.all(addresses.map(async address => says(await bounded.dial(address))))
        const paths: readonly Path[] = isOne ? ['/small', '/take', '/large'] : ['/small', '/take']
        let turnedAway = await shed()
        await attack()
        do {
          await bounded.served(paths)
          // Whom the data plane turned away because this machine is busy does not attack: they come again.
          const now = await shed()
          if (now === turnedAway) continue
          turnedAway = now
          bounded.leave()
          await attack()
        } while ((await displaced()) === soFar)
        await bounded.served(paths)
        assert.equal(await bounded.metric('portcullis_composition_restarts_total'), 0)
      })
})
