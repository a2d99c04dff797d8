import { once } from 'node:events'
import type { Socket } from 'node:net'
import { PREFACE } from '../../src/http/h2/codes.ts'
import { block, data, headers, settings, settingsAck, windowUpdate, type Frame } from './http2/wire.ts'
import { RawHttp2Client } from './raw-http2.ts'
import { dial, isSecure, speaksHttp2, type Wire } from './wires.ts'

/** What a stranger does to hold connections to a backend for next to nothing. */
export interface Attack {
  /** `POST`: it sends one byte of a long body and no more; `GET`: it reads nothing of what it asked for. */
  readonly method: 'GET' | 'POST'
  readonly path: string
  /** What it says that it is. */
  readonly fields?: readonly (readonly [name: string, value: string])[]
  /** By HTTP/2: it opens its windows by a byte now and then. */
  readonly trickle?: boolean
}

/** Requests on one connection of HTTP/2. */
const STREAMS = 100
const BODY_BYTES = 1_000_000
const PROBE_MS = 100

/** So many of them at once, for as long as the test goes on: whose request is ended sends it again. */
export class Attackers implements AsyncDisposable {
  /** Requests so far. */
  begun = 0
  private readonly wire: Wire
  private readonly port: number
  private readonly attack: Attack
  private readonly sockets = new Set<Socket>()
  private readonly clients: RawHttp2Client[] = []
  private over = false

  private constructor(wire: Wire, port: number, attack: Attack) {
    this.wire = wire
    this.port = port
    this.attack = attack
  }

  static async start(wire: Wire, port: number, count: number, attack: Attack): Promise<Attackers> {
    const all = new Attackers(wire, port, attack)
    if (speaksHttp2(wire))
      for (let left = count; left > 0; left -= STREAMS) await all.connect(Math.min(left, STREAMS))
    else await Promise.all(Array.from({ length: count }, () => all.dial()))
    return all
  }

  private async dial(): Promise<void> {
    if (this.over) return
    const socket = await dial(this.wire, this.port)
    this.sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => {
      this.sockets.delete(socket)
      void this.dial().catch(() => {})
    })
    this.begun++
    const { method, path, fields = [] } = this.attack
    const lines = [`${method} ${path} HTTP/1.1`, 'Host: a.example', ...fields.map(field => field.join(': '))]
    if (method === 'POST') {
      // What it is told of its slowness is an end for it.
      socket.resume().on('end', () => socket.destroy())
      socket.write([...lines, `Content-Length: ${BODY_BYTES}`, '', 'x'].join('\r\n'))
    } else {
      socket.pause().write([...lines, '', ''].join('\r\n'))
      // Who does not read is not told that the connection has gone; who writes is.
      const timer = setInterval(() => socket.write('\r\n'), PROBE_MS)
      socket.on('close', () => clearInterval(timer))
    }
  }

  private async connect(streams: number): Promise<void> {
    // Whose window is 0 takes nothing; whoever sends a body reads what it is answered.
    const window = this.attack.method === 'GET' ? 0 : 65_535
    const first = Buffer.concat([PREFACE, settings([4, window]), settingsAck])
    const client = await RawHttp2Client.to(this.port, { tls: isSecure(this.wire), first })
    this.clients.push(client)
    let next = 1
    const open = new Set<number>()
    const ask = (): void => {
      this.begun++
      open.add(next)
      client.says(...this.framesOf(next))
      next += 2
    }
    for (let i = 0; i < streams; i++) ask()
    client.onFrame = frame => {
      if (!endsStream(frame) || this.over) return
      open.delete(frame.stream)
      ask()
    }
    if (this.attack.trickle !== true) return
    const timer = setInterval(() => client.says(...Array.from(open, id => windowUpdate(id, 1))), PROBE_MS)
    client.socket.on('close', () => clearInterval(timer))
  }

  private framesOf(stream: number): Buffer[] {
    const { method, path, fields = [] } = this.attack
    const head = block(
      ':method',
      method,
      ':scheme',
      isSecure(this.wire) ? 'https' : 'http',
      ':path',
      path,
      ':authority',
      'a.example',
      ...fields.flat().map(text => text.toLowerCase()),
    )
    return method === 'GET' ? [headers(stream, head)] : [headers(stream, head, 4), data(stream, 'x')]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.over = true
    for (const client of this.clients) await client[Symbol.asyncDispose]()
    const closed = Array.from(this.sockets, socket => once(socket, 'close'))
    for (const socket of this.sockets) socket.destroy()
    await Promise.all(closed)
  }
}

/** A reset, or the end of an answer. */
const endsStream = ({ type, flags, stream }: Frame): boolean =>
  stream > 0 && (type === 3 || (type <= 1 && (flags & 1) !== 0))
