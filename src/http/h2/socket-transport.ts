import type { Duplex } from 'node:stream'
import type { Transport } from './frame-output.ts'

/**
 * A session's transport on a socket, plain or TLS. The owner connects the rest:
 * `data` to `receive`, `drain` to `drained`, `close` to `lost`. What was given
 * out with one flush leaves in one system call.
 */
export class SocketTransport implements Transport {
  private readonly socket: Duplex
  private first: Buffer | null = null
  private corked = false

  constructor(socket: Duplex) {
    this.socket = socket
  }

  write(bytes: Buffer): void {
    // Nearly always there is only one piece, and corking costs more than it saves.
    if (this.first === null && !this.corked) {
      this.first = bytes
      return
    }
    if (!this.corked) {
      this.corked = true
      this.socket.cork()
      if (this.first !== null) this.socket.write(this.first)
      this.first = null
    }
    this.socket.write(bytes)
  }

  flush(): boolean {
    const { socket } = this
    if (this.first !== null) {
      const { first } = this
      this.first = null
      socket.write(first)
    }
    if (this.corked) {
      this.corked = false
      socket.uncork()
    }
    // A write that went out at once leaves needDrain set until the next tick: only what is really held counts.
    return socket.writableLength === 0 || !socket.writableNeedDrain
  }

  get heldBytes(): number {
    return this.socket.writableLength
  }

  end(): void {
    this.flush()
    this.socket.end()
  }

  destroy(): void {
    this.socket.destroy()
  }

  pause(): void {
    this.socket.pause()
  }

  resume(): void {
    this.socket.resume()
  }
}
