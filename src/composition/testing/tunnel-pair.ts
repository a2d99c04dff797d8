import type { Tunnel } from '../streams/tunnel.ts'

/** How many bytes may wait in each direction before a writer waits too. */
const ROOM_BYTES = 64 * 1024

/** Two ends of a connection, in process. */
export function tunnelPair(): readonly [Tunnel, Tunnel] {
  const there = new Direction()
  const back = new Direction()
  return [endOf(back, there), endOf(there, back)]
}

const endOf = (incoming: Direction, outgoing: Direction): Tunnel => ({
  incoming,
  write: bytes => outgoing.write(bytes),
  end: () => outgoing.end(),
  abort() {
    incoming.break()
    outgoing.break()
  },
})

class Direction implements AsyncIterable<Uint8Array> {
  private readonly chunks: Uint8Array[] = []
  private bytes = 0
  private state: 'open' | 'ended' | 'broken' = 'open'
  private readonly waiting = new Set<() => void>()

  async write(bytes: Uint8Array): Promise<void> {
    if (this.state === 'open') {
      this.chunks.push(Buffer.from(bytes))
      this.bytes += bytes.length
      this.tell()
    }
    while (this.state === 'open' && this.bytes > ROOM_BYTES) await this.change()
    if (this.state === 'broken') throw new Error('the connection is lost')
  }

  end(): void {
    if (this.state === 'open') this.state = 'ended'
    this.tell()
  }

  break(): void {
    this.state = 'broken'
    this.chunks.length = 0
    this.tell()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      const chunk = this.chunks.shift()
      if (chunk !== undefined) {
        this.bytes -= chunk.length
        this.tell()
        yield chunk
      } else if (this.state === 'ended') return
      else if (this.state === 'broken') throw new Error('the connection is lost')
      else await this.change()
    }
  }

  private change(): Promise<void> {
    return new Promise(resolve => this.waiting.add(resolve))
  }

  private tell(): void {
    for (const wake of this.waiting) wake()
    this.waiting.clear()
  }
}
