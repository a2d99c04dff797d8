import { FRAME_BYTES, MAX_WINDOW } from './codes.ts'
import type { FaultName } from './faults.ts'

/** Identifiers (RFC 9113 §6.5.2; RFC 8441 §3; RFC 9218 §2.1). */
export const HEADER_TABLE_SIZE = 1
export const ENABLE_PUSH = 2
export const MAX_CONCURRENT_STREAMS = 3
export const INITIAL_WINDOW_SIZE = 4
const MAX_FRAME_SIZE = 5
export const MAX_HEADER_LIST_SIZE = 6
export const ENABLE_CONNECT_PROTOCOL = 8
export const NO_RFC7540_PRIORITIES = 9

/** What the peer has told us; at first, what holds as long as it has not. */
export class PeerSettings {
  headerTableBytes = 4096
  /** The smallest table since the settings before. */
  leastTableBytes = 4096
  /** RFC 9113 §6.5.2 has no limit at first; a client that opens more than 100 at once is refused the rest by most. */
  maxStreams = 100
  windowBytes = 65_535
  frameBytes = FRAME_BYTES
  headerListBytes = Number.POSITIVE_INFINITY
  connectProtocol = false

  /**
   * Takes the parameters payload[start, end) in their order (§6.5.3); unknown ones are ignored. Returns the fault, or "".
   * `fromServer`: a server must not say that it takes pushes (§6.5.2).
   */
  apply(payload: Buffer, start: number, end: number, fromServer: boolean): FaultName | '' {
    this.leastTableBytes = this.headerTableBytes
    for (let at = start; at < end; at += 6) {
      const fault = this.set(payload.readUInt16BE(at), payload.readUInt32BE(at + 2), fromServer)
      if (fault !== '') return fault
    }
    return ''
  }

  private set(id: number, value: number, fromServer: boolean): FaultName | '' {
    switch (id) {
      case HEADER_TABLE_SIZE:
        this.headerTableBytes = value
        this.leastTableBytes = Math.min(this.leastTableBytes, value)
        return ''
      case ENABLE_PUSH:
        return value > (fromServer ? 0 : 1) ? 'settings-value' : ''
      case MAX_CONCURRENT_STREAMS:
        this.maxStreams = value
        return ''
      case INITIAL_WINDOW_SIZE:
        if (value > MAX_WINDOW) return 'settings-window'
        this.windowBytes = value
        return ''
      case MAX_FRAME_SIZE:
        if (value < FRAME_BYTES || value > 0xffffff) return 'settings-value'
        this.frameBytes = value
        return ''
      case MAX_HEADER_LIST_SIZE:
        this.headerListBytes = value
        return ''
      case ENABLE_CONNECT_PROTOCOL:
        // RFC 8441 §3: not taken back.
        if (value > 1 || (value === 0 && this.connectProtocol)) return 'settings-value'
        this.connectProtocol = value === 1
        return ''
      case NO_RFC7540_PRIORITIES:
        return value > 1 ? 'settings-value' : ''
      default:
        return ''
    }
  }
}

/** The payload of a SETTINGS frame. */
export function settingsPayload(parameters: readonly (readonly [id: number, value: number])[]): Buffer {
  const payload = Buffer.alloc(parameters.length * 6)
  for (const [i, [id, value]] of parameters.entries()) {
    payload.writeUInt16BE(id, i * 6)
    payload.writeUInt32BE(value, i * 6 + 2)
  }
  return payload
}
