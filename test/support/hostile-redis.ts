import type { Socket } from 'node:net'
import { Commands, RedisServer, say } from './redis-server.ts'

/** What it does with a call of a script; null: as Redis would, with everything taken and 5 used. */
export type Misdeed = ((socket: Socket) => void) | null

/** Speaks as much of Redis's protocol (RESP3) as a client needs to begin, and then answers scripts as it likes. */
export class HostileRedis extends RedisServer {
  misdeed: Misdeed = null
  /** Calls of scripts so far that take something. */
  calls = 0

  static async start(): Promise<HostileRedis> {
    return await new HostileRedis().listening()
  }

  protected serve(socket: Socket): void {
    const commands = new Commands(words => this.answer(socket, words))
    socket.on('data', chunk => commands.add(chunk))
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

/** Writes a beginning, and then this for as long as somebody takes it. */
export function flood(socket: Socket, begin: string, again: Buffer): void {
  say(socket, begin)
  const more = (): void => {
    while (socket.writable && socket.write(again));
  }
  socket.on('drain', more)
  more()
}
