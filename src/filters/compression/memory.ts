import { shareKey } from '../../http/share-key.ts'

/** Of a worker: some 340 long bodies at once with gzip, or 680 event streams. */
const LIMIT_BYTES = 128 * 1024 * 1024

/**
 * Memory of the encoders of a worker, of which there is one for each body that is
 * being compressed. They cannot be taken back, since half a compressed body cannot
 * go on as it is. So whoever asks gets one only as long as the client has no more
 * than what is left for everybody else: one client comes to half of all, two to a
 * third each, and a newcomer always finds something.
 */
export class EncoderMemory {
  readonly limitBytes: number
  private bytes = 0
  private readonly clients = new Map<string, number>()

  constructor(limitBytes: number = LIMIT_BYTES) {
    this.limitBytes = limitBytes
  }

  get usedBytes(): number {
    return this.bytes
  }

  /** Takes memory on behalf of a client; the answer gives it back, once. Null: there is none for this one. */
  take(address: string, bytes: number): (() => void) | null {
    const client = shareKey(address)
    const held = (this.clients.get(client) ?? 0) + bytes
    if (held > this.limitBytes - this.bytes) return null
    this.bytes += bytes
    this.clients.set(client, held)
    let taken = true
    return () => {
      if (!taken) return
      taken = false
      this.giveBack(client, bytes)
    }
  }

  private giveBack(client: string, bytes: number): void {
    this.bytes -= bytes
    const left = this.clients.get(client)! - bytes
    if (left === 0) this.clients.delete(client)
    else this.clients.set(client, left)
  }

  /** It has nothing of its own: what was taken is given back by who has it. */
  drain(): void {}
}
