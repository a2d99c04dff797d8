import type { Socket } from 'node:net'
import { messages, type Message } from './messages.ts'
import { RawServer } from './raw.ts'

/** One connection that the gateway made, seen from the upstream. */
export class Conversation {
  readonly socket: Socket
  /** Connections are counted from 0, in the order of their coming. */
  readonly index: number
  /** Everything received so far, as latin1. */
  text = ''
  /** The gateway ended its direction. */
  ended = false
  /** Ended, reset or destroyed. */
  closed = false

  constructor(socket: Socket, index: number) {
    this.socket = socket
    this.index = index
  }

  /** Complete requests received so far. */
  get requests(): readonly Message[] {
    return messages(this.text)
  }

  write(bytes: string): void {
    this.socket.write(bytes, 'latin1')
  }
}

/** An upstream whose answers are bytes, and that records exactly what it got, by connection. */
export class RawUpstream implements AsyncDisposable {
  readonly conversations: Conversation[] = []
  private readonly waiting = new Set<() => void>()
  private server: RawServer | null = null

  /** `serve` is called for every piece that arrives. */
  static async start(serve: (conversation: Conversation) => void): Promise<RawUpstream> {
    const upstream = new RawUpstream()
    upstream.server = await RawServer.start(socket => upstream.accept(socket, serve))
    return upstream
  }

  /** Answers every complete request by what `answer` makes of it. */
  static async answering(
    answer: (request: Message, conversation: Conversation, index: number) => string,
  ): Promise<RawUpstream> {
    const answered = new Map<Conversation, number>()
    return RawUpstream.start(conversation => {
      const { requests } = conversation
      for (let i = answered.get(conversation) ?? 0; i < requests.length; i++)
        conversation.write(answer(requests[i]!, conversation, i))
      answered.set(conversation, requests.length)
    })
  }

  get port(): number {
    return this.server!.port
  }

  /** Complete requests on all connections, the connections in their order. */
  get requests(): readonly Message[] {
    return this.conversations.flatMap(({ requests }) => requests)
  }

  /** Resolves as soon as the condition holds; looked at whenever something happens here. */
  until(condition: (upstream: RawUpstream) => boolean): Promise<void> {
    return new Promise(resolve => {
      const look = (): void => {
        if (!condition(this)) return
        this.waiting.delete(look)
        resolve()
      }
      this.waiting.add(look)
      look()
    })
  }

  private accept(socket: Socket, serve: (conversation: Conversation) => void): void {
    const conversation = new Conversation(socket, this.conversations.length)
    this.conversations.push(conversation)
    socket.on('data', (chunk: Buffer) => {
      conversation.text += chunk.toString('latin1')
      serve(conversation)
      this.look()
    })
    socket.on('end', () => {
      conversation.ended = true
      this.look()
    })
    socket.on('close', () => {
      conversation.closed = true
      this.look()
    })
    this.look()
  }

  private look(): void {
    for (const look of this.waiting) look()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server?.[Symbol.asyncDispose]()
  }
}

/** A response with Content-Length. */
export function ok(body: string, more = ''): string {
  return `HTTP/1.1 200 OK\r\n${more}Content-Length: ${body.length}\r\n\r\n${body}`
}
