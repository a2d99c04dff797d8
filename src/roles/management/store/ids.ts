import { randomFillSync } from 'node:crypto'

let lastMs = 0
let sequence = 0

/** A UUIDv7 (RFC 9562 §5.7): ordered by time, and within a process by the order of making (§6.2, method 1). */
export function newId(nowMs: number = Date.now()): string {
  const bytes = randomFillSync(Buffer.allocUnsafe(16))
  sequence = nowMs > lastMs ? bytes.readUInt16BE(6) & 0x7ff : sequence + 1
  // A millisecond that has had all of its numbers borrows of the next, as does a clock that goes back.
  lastMs = Math.max(lastMs, nowMs) + (sequence > 0xfff ? 1 : 0)
  sequence &= 0xfff
  bytes.writeUIntBE(lastMs, 0, 6)
  bytes.writeUInt16BE(0x7000 | sequence, 6)
  bytes[8] = 0x80 | (bytes[8]! & 0x3f)
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
