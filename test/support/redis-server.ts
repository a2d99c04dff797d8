import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/** Listens where a client looks for Redis, and ends with all of its connections. */
export abstract class RedisServer implements AsyncDisposable {
  private readonly server: Server
  private readonly sockets = new Set<Socket>()

  protected constructor() {
    this.server = createServer(socket => {
      this.keep(socket)
      this.serve(socket)
    })
  }

  protected abstract serve(client: Socket): void

  protected async listening(): Promise<this> {
    this.server.listen(0, '127.0.0.1')
    await once(this.server, 'listening')
    return this
  }

  /** It ends with the server. */
  protected keep(socket: Socket): void {
    this.sockets.add(socket)
    socket.on('close', () => this.sockets.delete(socket)).on('error', () => {})
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    this.server.close()
    await once(this.server, 'close')
  }
}

export function say(socket: Socket, text: string | Buffer): void {
  if (socket.writable) socket.write(text)
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
