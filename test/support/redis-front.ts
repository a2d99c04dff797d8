import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { Commands, say } from './hostile-redis.ts'

/** An error of Redis in place of the answer to a command, or null where Redis itself is to answer. */
export type Refuses = (words: readonly string[]) => string | null

/**
 * In front of a real Redis, as an older one would answer. Commands that it refuses do not come to Redis; of those of one
 * write they must be the first, or all, for answers to come in their order.
 */
export class RedisFront implements AsyncDisposable {
  /** Names of commands that came. */
  readonly seen = new Set<string>()
  refuses: Refuses
  private readonly server: Server
  private readonly sockets = new Set<Socket>()

  private constructor(port: number, refuses: Refuses) {
    this.refuses = refuses
    this.server = createServer(client => {
      const redis = connect(port, '127.0.0.1')
      for (const socket of [client, redis]) {
        this.sockets.add(socket)
        socket.on('error', () => {}).on('close', () => void (client.destroy(), redis.destroy()))
      }
      const commands = new Commands(words => this.command(words, client, redis))
      client.on('data', chunk => commands.add(chunk))
      redis.pipe(client)
    })
  }

  static async start(port: number, refuses: Refuses): Promise<RedisFront> {
    const front = new RedisFront(port, refuses)
    front.server.listen(0, '127.0.0.1')
    await once(front.server, 'listening')
    return front
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    this.server.close()
    await once(this.server, 'close')
  }

  private command(words: readonly string[], client: Socket, redis: Socket): void {
    this.seen.add((words[0] ?? '').toLowerCase())
    const error = this.refuses(words)
    if (error !== null) return say(client, `-${error}\r\n`)
    const text = words.map(word => `$${word.length}\r\n${word}\r\n`).join('')
    redis.write(Buffer.from(`*${words.length}\r\n${text}`, 'latin1'))
  }
}
