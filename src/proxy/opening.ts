import type { Socket } from 'node:net'
import { PREFACE } from '../http/h2/codes.ts'

/** What becomes of plain connections that have said something. */
export interface OpeningOwner {
  /** `chunk` is what it has said. */
  opened(socket: Socket, protocol: 'http/1.1' | 'h2', chunk: Buffer): void
}

/**
 * Plain connections until their first bytes tell what they speak. HTTP/2 with
 * prior knowledge (RFC 9113 §3.3) begins with a preface that was made so that no
 * HTTP/1 request can begin like it.
 */
export class Openings {
  private readonly owner: OpeningOwner
  /** Since when each has been silent. */
  private readonly silent = new Map<Socket, number>()

  constructor(owner: OpeningOwner) {
    this.owner = owner
  }

  get size(): number {
    return this.silent.size
  }

  accept(socket: Socket, nowMs: number): void {
    this.silent.set(socket, nowMs)
    socket.once('data', (chunk: Buffer) => this.first(socket, chunk))
    socket.once('end', this.ended)
    socket.on('error', ignore)
    socket.once('close', this.closed)
  }

  /** Nothing was said yet, so that nothing is lost. */
  destroy(): void {
    for (const socket of this.silent.keys()) socket.destroy()
  }

  sweep(nowMs: number, idleTimeoutMs: number): void {
    for (const [socket, sinceMs] of this.silent) {
      // A Map keeps the order of insertion: the others are younger.
      if (nowMs - sinceMs <= idleTimeoutMs) return
      socket.destroy()
    }
  }

  private first(socket: Socket, chunk: Buffer): void {
    const bytes = Math.min(chunk.length, PREFACE.length)
    const like = PREFACE.compare(chunk, 0, bytes, 0, bytes) === 0
    // "P" and "PR" may still become POST or PROPFIND.
    if (like && bytes < 3) {
      socket.once('data', (more: Buffer) => this.first(socket, Buffer.concat([chunk, more])))
      return
    }
    this.silent.delete(socket)
    socket.off('end', this.ended)
    socket.off('error', ignore)
    socket.off('close', this.closed)
    this.owner.opened(socket, like ? 'h2' : 'http/1.1', chunk)
  }

  private readonly ended = function (this: Socket): void {
    this.destroy()
  }

  private readonly closed = ((openings: Openings) =>
    function (this: Socket): void {
      openings.silent.delete(this)
    })(this)
}

function ignore(): void {}
