import type { Socket } from 'node:net'
import { PREFACE } from '../http/h2/codes.ts'
import { Ring } from '../http/ring.ts'
import type { Inbound } from './inbound.ts'

/** What becomes of plain connections that have said something. */
export interface OpeningOwner {
  /** `chunk` is what it has said. */
  opened(inbound: Inbound, protocol: 'http/1.1' | 'h2', chunk: Buffer): void
}

/**
 * Plain connections until their first bytes tell what they speak. HTTP/2 with
 * prior knowledge (RFC 9113 §3.3) begins with a preface that was made so that no
 * HTTP/1 request can begin like it.
 */
export class Openings {
  private readonly owner: OpeningOwner
  private readonly silent = new Ring<Inbound>()

  constructor(owner: OpeningOwner) {
    this.owner = owner
  }

  /** `said` is what has been read of it already. */
  accept(inbound: Inbound, nowMs: number, said: Buffer | null): void {
    const { socket } = inbound
    inbound.isOf(this.silent)
    inbound.silentSinceMs = nowMs
    socket.once('end', ended)
    socket.on('error', ignore)
    if (said === null) socket.once('data', (chunk: Buffer) => this.first(inbound, chunk))
    else this.first(inbound, said)
  }

  /** Nothing was said yet, so that nothing is lost. */
  destroy(): void {
    for (const { socket } of this.silent) socket.destroy()
  }

  sweep(nowMs: number, idleTimeoutMs: number): void {
    for (const { socket, silentSinceMs } of this.silent) {
      // The others are younger.
      if (nowMs - silentSinceMs <= idleTimeoutMs) return
      socket.destroy()
    }
  }

  private first(inbound: Inbound, chunk: Buffer): void {
    const { socket } = inbound
    const bytes = Math.min(chunk.length, PREFACE.length)
    const like = PREFACE.compare(chunk, 0, bytes, 0, bytes) === 0
    // "P" and "PR" may still become POST or PROPFIND.
    if (like && bytes < 3) {
      socket.once('data', (more: Buffer) => this.first(inbound, Buffer.concat([chunk, more])))
      return
    }
    inbound.isOf(null)
    socket.off('end', ended)
    socket.off('error', ignore)
    this.owner.opened(inbound, like ? 'h2' : 'http/1.1', chunk)
  }
}

function ended(this: Socket): void {
  this.destroy()
}

function ignore(): void {}
