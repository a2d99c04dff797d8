import { randomFillSync } from 'node:crypto'

/** Of so many bytes at a time: each call of it is one into C++. */
const POOL_BYTES = 4096

const pool = Buffer.allocUnsafe(POOL_BYTES)
let at = POOL_BYTES

function hex(bytes: number): string {
  if (at + bytes > POOL_BYTES) {
    randomFillSync(pool)
    at = 0
  }
  const text = pool.toString('hex', at, at + bytes)
  at += bytes
  // All zeros are no id (Trace Context §3.2.2.3).
  return /[1-9a-f]/.test(text) ? text : hex(bytes)
}

export const newTraceId = (): string => hex(16)
export const newSpanId = (): string => hex(8)
