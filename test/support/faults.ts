import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { block, data, headers, rst, settings, settingsAck, END_HEADERS, END_STREAM } from './http2/wire.ts'
import { RawServer } from './raw.ts'

/** What backends of these tests speak, by bytes of our own. */
export type FaultyWire = 'h1' | 'h2c'
export const faultyWires = ['h1', 'h2c'] as const

/** A backend that is there, and has met so many requests. */
export interface Backend extends AsyncDisposable {
  readonly port: number
  readonly met: number
}

/** A request that came, and the bytes of which answers to it are made. */
export interface Asked {
  readonly socket: Socket
  /** How many this backend had before. */
  readonly before: number
  /** The head of an answer whose body is said to have so many bytes. */
  head(status: number, lengthBytes: number): Buffer
  body(text: string, last: boolean): Buffer
  /** Gives this request up, and leaves the connection to others where the wire knows the difference. */
  reset(): void
}

/** What a backend does to a request. */
export type Act = (asked: Asked) => void

/** Pauses of those that drip: an answer of theirs takes far longer than anybody waits. */
const DRIP_MS = 40

export const whole = (asked: Asked, status = 200): Buffer =>
  Buffer.concat([asked.head(status, 2), asked.body('ok', true)])

export const answers: Act = asked => void asked.socket.write(whole(asked))

export const late =
  (ms: number): Act =>
  asked =>
    void setTimeout(() => asked.socket.write(whole(asked)), ms).unref()

/** One piece after the other. */
export function drip(socket: Socket, pieces: readonly Buffer[]): void {
  const left = pieces.values()
  const timer = setInterval(() => {
    const { value } = left.next()
    if (value === undefined || socket.destroyed) clearInterval(timer)
    else socket.write(value)
  }, DRIP_MS)
  socket.on('close', () => clearInterval(timer))
}

/** A server that does this to every request: of GET, or with a body that came with its head. */
export async function acting(wire: FaultyWire, act: Act): Promise<Backend> {
  let met = 0
  const server = await RawServer.start(socket => {
    const take = (asked: Pick<Asked, 'head' | 'body' | 'reset'>): void =>
      act({ socket, before: met++, ...asked })
    if (wire === 'h1') takeHttp1(socket, take)
    else takeHttp2(socket, take)
  })
  return {
    port: server.port,
    get met() {
      return met
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

type Take = (asked: Pick<Asked, 'head' | 'body' | 'reset'>) => void

function takeHttp1(socket: Socket, take: Take): void {
  socket.on('data', () =>
    take({
      head: (status, bytes) => Buffer.from(`HTTP/1.1 ${status} X\r\nContent-Length: ${bytes}\r\n\r\n`),
      body: text => Buffer.from(text),
      reset: () => void socket.resetAndDestroy(),
    }),
  )
}

const PREFACE_BYTES = 24

function takeHttp2(socket: Socket, take: Take): void {
  let held: Buffer = Buffer.alloc(0)
  let begun = false
  socket.write(settings())
  socket.on('data', (chunk: Buffer) => {
    held = Buffer.concat([held, chunk])
    if (!begun && held.length < PREFACE_BYTES) return
    if (!begun) held = held.subarray(PREFACE_BYTES)
    begun = true
    while (held.length >= 9 && held.length >= 9 + held.readUIntBE(0, 3)) {
      const [type = 0, flags = 0] = held.subarray(3, 5)
      const stream = held.readUInt32BE(5)
      held = held.subarray(9 + held.readUIntBE(0, 3))
      if (type === 4 && flags === 0) socket.write(settingsAck)
      if (type === 1) take(http2Answer(socket, stream))
    }
  })
}

function http2Answer(socket: Socket, stream: number): Pick<Asked, 'head' | 'body' | 'reset'> {
  return {
    head: (status, bytes) =>
      headers(stream, block(':status', String(status), 'content-length', String(bytes)), END_HEADERS),
    body: (text, last) => data(stream, text, last ? END_STREAM : 0),
    // INTERNAL_ERROR: it has begun to work, which REFUSED_STREAM would deny.
    reset: () => void socket.write(rst(stream, 2)),
  }
}

/** A process of its own that serves `ok` by HTTP/1.1 until something is done to it. */
class ChildBackend implements Backend {
  readonly port: number
  readonly met = NaN
  private readonly child: ChildProcess

  private constructor(child: ChildProcess, port: number) {
    this.child = child
    this.port = port
  }

  static async start(script: string, openFiles: number): Promise<ChildBackend> {
    const child = spawn(
      'sh',
      ['-c', `ulimit -n ${openFiles}; exec "$@"`, 'sh', process.execPath, '-e', script],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
    return new ChildBackend(child, Number(line))
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.child, 'close')
    this.child.kill('SIGKILL')
    await ended
  }
}

const serving = `
const server = require('node:http').createServer((_, response) => response.end('ok'))
server.listen(0, '127.0.0.1', () => {
  prepare()
  require('node:fs').writeSync(1, server.address().port + '\\n')
})`

/** It listens, and has no descriptor left for who comes: the kernel makes the connection, and accept() is EMFILE. */
export const outOfFiles = (): Promise<Backend> =>
  ChildBackend.start(
    `function prepare() { try { for (;;) require('node:fs').openSync('/dev/null') } catch {} }${serving}`,
    64,
  )

/** It was stopped (SIGSTOP), as a machine that swaps or a debugger stops it: connections are made, nobody reads them. */
export async function stopped(): Promise<Backend> {
  const child = await ChildBackend.start(`function prepare() {}${serving}`, 256)
  child.signal('SIGSTOP')
  return child
}
