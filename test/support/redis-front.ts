import { connect, type Socket } from 'node:net'
import { Commands, RedisServer, say } from './redis-server.ts'

/** An error of Redis in place of the answer to a command, or null where Redis itself is to answer. */
export type Refuses = (words: readonly string[]) => string | null

/**
 * In front of a real Redis, as an older one would answer. Commands that it refuses do not come to Redis; of those of one
 * write they must be the first, or all, for answers to come in their order.
 */
export class RedisFront extends RedisServer {
  /** Names of commands that came. */
  readonly seen = new Set<string>()
  refuses: Refuses
  private readonly port: number

  private constructor(port: number, refuses: Refuses) {
    super()
    this.port = port
    this.refuses = refuses
  }

  static async start(port: number, refuses: Refuses): Promise<RedisFront> {
    return await new RedisFront(port, refuses).listening()
  }

  protected serve(client: Socket): void {
    const redis = connect(this.port, '127.0.0.1')
    this.keep(redis)
    for (const socket of [client, redis]) socket.on('close', () => void (client.destroy(), redis.destroy()))
    const commands = new Commands(words => this.command(words, client, redis))
    client.on('data', chunk => commands.add(chunk))
    redis.pipe(client)
  }

  private command(words: readonly string[], client: Socket, redis: Socket): void {
    this.seen.add((words[0] ?? '').toLowerCase())
    const error = this.refuses(words)
    if (error !== null) return say(client, `-${error}\r\n`)
    const text = words.map(word => `$${word.length}\r\n${word}\r\n`).join('')
    redis.write(Buffer.from(`*${words.length}\r\n${text}`, 'latin1'))
  }
}
