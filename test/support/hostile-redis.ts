import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/** What it does with a call of a script; null: as Redis would, with everything taken and 5 used. */
export type Misdeed = ((socket: Socket) => void) | null

/** Speaks as much of Redis's protocol (RESP3) as a client needs to begin, and then answers scripts as it likes. */
export class HostileRedis implements AsyncDisposable {
  misdeed: Misdeed = null
  /** Calls of scripts so far that take something. */
  calls = 0
  private readonly server: Server
  private readonly sockets = new Set<Socket>()

  private constructor() {
    this.server = createServer(socket => {
      this.sockets.add(socket)
      socket.on('close', () => this.sockets.delete(socket)).on('error', () => {})
      const commands = new Commands(words => this.answer(socket, words))
      socket.on('data', chunk => commands.add(chunk))
    })
  }

  static async start(): Promise<HostileRedis> {
    const redis = new HostileRedis()
    redis.server.listen(0, '127.0.0.1')
    await once(redis.server, 'listening')
    return redis
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    this.server.close()
    await once(this.server, 'close')
  }

  private answer(socket: Socket, words: readonly string[]): void {
    const [name = '', , , key = ''] = words
    switch (name.toLowerCase()) {
      case 'hello':
        return say(socket, '%2\r\n+server\r\n+redis\r\n+proto\r\n:3\r\n')
      case 'info':
        return say(socket, '$9\r\nloading:0\r\n')
      case 'ping':
        return say(socket, '+PONG\r\n')
      case 'eval':
      case 'evalsha':
        if (key === 'pc:nodes' || key === 'pc:probe') return say(socket, ':1\r\n')
        this.calls++
        return this.misdeed === null ? say(socket, taken()) : this.misdeed(socket)
      default:
        return say(socket, '+OK\r\n')
    }
  }
}

/** What Redis says of one counter that has room. */
export function taken(atUs: number | string = Date.now() * 1000, outcome = ':0', used = '+5'): string {
  return `*3\r\n+${atUs}\r\n${outcome}\r\n${used}\r\n`
}

export function say(socket: Socket, text: string | Buffer): void {
  if (socket.writable) socket.write(text)
}

/** Writes a beginning, and then this for as long as somebody takes it. */
export function flood(socket: Socket, begin: string, again: Buffer): void {
  say(socket, begin)
  const more = (): void => {
    while (socket.writable && socket.write(again));
  }
  socket.on('drain', more)
  more()
}

/** Arrays of bulk strings, which is how commands come. */
export class Commands {
  private text = ''
  private readonly told: (words: readonly string[]) => void

  constructor(told: (words: readonly string[]) => void) {
    this.told = told
  }

  add(chunk: Buffer): void {
    this.text += chunk.toString('latin1')
    for (let words = this.next(); words !== null; words = this.next()) this.told(words)
  }

  private next(): readonly string[] | null {
    const head = /^\*(\d+)\r\n/.exec(this.text)
    if (head === null) return null
    const words: string[] = []
    let at = head[0].length
    for (let left = Number(head[1]); left > 0; left--) {
      const size = /^\$(\d+)\r\n/.exec(this.text.slice(at, at + 20))
      if (size === null) return null
      const from = at + size[0].length
      at = from + Number(size[1]) + 2
      if (this.text.length < at) return null
      words.push(this.text.slice(from, at - 2))
    }
    this.text = this.text.slice(at)
    return words
  }
}
