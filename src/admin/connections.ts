import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { shareKey } from '../http/share-key.ts'

/** A browser has six, a scraper one. */
const MOST = 256

/**
 * The connections of a listener. Where there are as many as it may have, a new one takes the place of the oldest of the
 * client that has most: whoever opens them and is silent takes places from nobody else, a probe least of all.
 */
export class Connections {
  /** In the order in which they came; by whom. */
  private readonly clients = new Map<Socket, string>()
  /** Of which a request is being answered. */
  private readonly busy = new Set<Socket>()
  private readonly most: number

  constructor(most = MOST) {
    this.most = most
  }

  add(socket: Socket): void {
    if (this.clients.size >= this.most) this.endOne()
    this.clients.set(socket, shareKey(socket.remoteAddress ?? ''))
    socket.once('close', () => this.clients.delete(socket))
  }

  /**
   * False, and the connection is ended, where one before it is still being answered. Programs do not send so (RFC 9112
   * §9.3.2 lets them), and Node answers all that one packet has at once: thousands, each with its text in memory.
   */
  begin({ socket }: IncomingMessage, response: ServerResponse): boolean {
    if (this.busy.has(socket)) socket.destroy()
    if (socket.destroyed) return false
    this.busy.add(socket)
    response.once('close', () => this.busy.delete(socket))
    return true
  }

  private endOne(): void {
    const counts = new Map<string, number>()
    for (const client of this.clients.values()) counts.set(client, (counts.get(client) ?? 0) + 1)
    const most = Math.max(...counts.values())
    for (const [socket, client] of this.clients) {
      if (counts.get(client) !== most) continue
      // Its 'close' comes in a later turn.
      this.clients.delete(socket)
      socket.destroy()
      return
    }
  }
}
