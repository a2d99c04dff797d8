import type { FastifyReply } from 'fastify'
import type { ServerResponse } from 'node:http'
import { AdminError } from './errors.ts'
import { PRIVATE } from './guarded.ts'

/** Of all clients and subjects together. */
const MOST_STREAMS = 32
/** A client that has not read so much is ended; so much of it is kept for it. */
const MOST_QUEUED_BYTES = 1024 * 1024
/** Whoever waits for events can leave some out for a client that has not read so much. */
const BEHIND_BYTES = 64 * 1024
/** Proxies end what is silent, often after a minute; and a client that is gone is noticed by what is written to it. */
const HEARTBEAT_MS = 15_000
const HEAD = {
  ...PRIVATE,
  'Content-Type': 'text/event-stream',
  // nginx would hold it back.
  'X-Accel-Buffering': 'no',
}

/** An event as it goes over the wire (WHATWG HTML §9.2); made once for all streams that it goes to. */
export function frameOf(event: string, data: unknown): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`
}

/** One client that is told of events as they happen. */
export interface EventStream {
  send(event: string, data: unknown): void
  /** What `frameOf` has made. */
  write(frame: string): void
  /** It reads slower than is written: what can be left out should be. */
  readonly isBehind: boolean
  end(): void
}

/** All streams of events that are open. */
export class Streams {
  private readonly open = new Set<Client>()
  private heartbeat: NodeJS.Timeout | null = null

  /**
   * Answers with a stream, and has `follow` tell it of events until the client has gone; what `follow` returns is
   * called then. Throws AdminError 503 where there are too many.
   */
  start(reply: FastifyReply, follow: (stream: EventStream) => () => void): FastifyReply {
    if (this.open.size >= MOST_STREAMS)
      throw new AdminError(503, `${MOST_STREAMS} streams are open, and there can be no more`)
    const { raw } = reply
    reply.hijack()
    // A client that has gone is not told that it has: nothing would end its stream.
    if (raw.destroyed) return reply
    raw.writeHead(200, HEAD)
    if (reply.request.method === 'HEAD') {
      raw.end()
      return reply
    }
    raw.write('retry: 2000\n\n')
    const client = new Client(raw)
    this.open.add(client)
    this.heartbeat ??= setInterval(() => this.beat(), HEARTBEAT_MS).unref()
    let leave = () => {}
    raw.once('close', () => {
      this.left(client)
      leave()
    })
    leave = follow(client)
    return reply
  }

  private left(client: Client): void {
    this.open.delete(client)
    if (this.open.size > 0 || this.heartbeat === null) return
    clearInterval(this.heartbeat)
    this.heartbeat = null
  }

  private beat(): void {
    for (const client of this.open) client.write(':\n\n')
  }
}

class Client implements EventStream {
  private readonly response: ServerResponse

  constructor(response: ServerResponse) {
    this.response = response
  }

  get isBehind(): boolean {
    return this.response.writableLength > BEHIND_BYTES
  }

  send(event: string, data: unknown): void {
    this.write(frameOf(event, data))
  }

  write(frame: string): void {
    if (this.response.writableEnded || this.response.destroyed) return
    if (this.response.writableLength + frame.length > MOST_QUEUED_BYTES) this.response.destroy()
    else this.response.write(frame)
  }

  end(): void {
    this.response.end()
  }
}
