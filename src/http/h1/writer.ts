import type { Writable } from 'node:stream'
import { atTurnEnd, type TurnWork } from '../turn.ts'

/**
 * Up to this many bytes body pieces join the text before them, so that head and
 * body are one string and one write. Node writes a string of up to 16 KiB from
 * its stack; anything longer, and any second buffer in a writev, costs more than
 * the copy.
 */
const JOIN_BYTES = 16 * 1024

/**
 * Collects what one turn of the event loop writes to a connection, and sends it
 * by one system call at its end. Text is latin1: one character, one byte.
 */
export class TurnWriter implements TurnWork {
  /** Frame body pieces as chunks (RFC 9112 §7.1). */
  chunked = false
  /** Something of the message has gone to the socket, and may have left. */
  taken = false
  private readonly socket: Writable
  private text = ''
  private corked = false
  private due = false

  constructor(socket: Writable) {
    this.socket = socket
  }

  head(text: string): void {
    this.taken = false
    this.text = this.text === '' ? text : this.text + text
  }

  /** `owned`: the chunk's memory will not be written again, so that it need not be copied. */
  data(chunk: Buffer, start: number, end: number, owned: boolean): void {
    const bytes = end - start
    // A chunk of length 0 would end the body.
    if (bytes === 0) return
    if (this.chunked) this.text += `${bytes.toString(16)}\r\n`
    if (this.text.length + bytes <= JOIN_BYTES) this.text += chunk.toString('latin1', start, end)
    else this.large(owned ? chunk.subarray(start, end) : Buffer.from(chunk.subarray(start, end)))
    if (this.chunked) this.text += '\r\n'
  }

  /** Ends a chunked body; `trailers` is a field section of whole lines, or "". */
  lastChunk(trailers: string): void {
    this.text += trailers === '' ? '0\r\n\r\n' : `0\r\n${trailers}\r\n`
  }

  /**
   * Sends what there is at the end of the turn; false when the peer is slow and "drain" is to be waited for. Buffers,
   * which may be only lent, leave at once.
   */
  flush(): boolean {
    if (this.corked || this.socket.writableLength !== 0) return this.send()
    if (this.text !== '' && !this.due) {
      this.due = true
      atTurnEnd(this)
    }
    return true
  }

  endTurn(): void {
    this.due = false
    this.send()
  }

  /** Sends now, for what is to follow at once: the end of the connection. Returns as `flush` does. */
  send(): boolean {
    const { socket } = this
    const wrote = this.text !== '' || this.corked
    if (this.text !== '') this.push()
    if (this.corked) {
      this.corked = false
      socket.uncork()
    }
    // What the system refuses at once (the peer has reset the connection) is refused whole.
    if (wrote && !this.taken) this.taken = socket.errored === null
    // A write that went out at once leaves needDrain set until the next tick: only what is really held counts.
    return socket.writableLength === 0 || !socket.writableNeedDrain
  }

  private large(piece: Buffer): void {
    this.cork()
    if (this.text !== '') this.push()
    this.socket.write(piece)
  }

  private push(): void {
    const { text } = this
    this.text = ''
    this.socket.write(text, 'latin1')
  }

  private cork(): void {
    if (this.corked) return
    this.corked = true
    this.socket.cork()
  }
}
