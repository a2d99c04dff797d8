import { atTurnEnd, type TurnWork } from '../../http/turn.ts'
import type { CrossingPort } from './crossing-port.ts'

/** From here on handing memory over costs less than to have it copied twice (docs/adr/0075, bench/micro/crossing.ts). */
export const TRANSFER_BYTES = 2 * 1024

/** Who has something to say at the end of the turn. */
export interface Speaker {
  speak(): void
}

/**
 * What one turn of the event loop says to the other thread, which is one message: of what a crossing costs, waking the
 * other side is most, and cloning a message of its own most of the rest.
 */
export class Outbox<M> implements TurnWork {
  private readonly port: CrossingPort
  private batch: M[] = []
  private transfers: ArrayBuffer[] = []
  private speakers: Speaker[] = []
  private due = false

  constructor(port: CrossingPort) {
    this.port = port
  }

  /** `bytes`, if the message has any, are a whole ArrayBuffer that nobody else has. */
  push(message: M, bytes: Uint8Array | null = null): void {
    this.batch.push(message)
    if (bytes !== null && bytes.byteLength >= TRANSFER_BYTES) this.transfers.push(bytes.buffer as ArrayBuffer)
    this.wake()
  }

  /** Is asked when the turn ends, so that what it says is what it has by then; to be called once a turn. */
  hear(speaker: Speaker): void {
    this.speakers.push(speaker)
    this.wake()
  }

  private wake(): void {
    if (this.due) return
    this.due = true
    atTurnEnd(this)
  }

  endTurn(): void {
    const { speakers } = this
    this.speakers = []
    for (const speaker of speakers) speaker.speak()
    const { batch, transfers } = this
    this.batch = []
    this.transfers = []
    this.due = this.speakers.length > 0
    if (this.due) atTurnEnd(this)
    if (batch.length > 0) this.port.postMessage(batch, transfers)
  }
}

/** Bytes in memory of their own, to be given away. */
export function ownBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const own = Buffer.allocUnsafeSlow(bytes.byteLength)
  own.set(bytes)
  return own
}
