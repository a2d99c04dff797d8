import { randomBytes } from 'node:crypto'

// Random per thread, so that ids of several workers, nodes and runs do not meet; the count makes each one new.
const prefix = randomBytes(12).toString('hex')
let count = 0

/**
 * A new X-Request-Id: 32 hexadecimal digits, unique, not secret. A prefix and a
 * count instead of crypto.randomUUID, which costs 0.4 µs of a request's 5.
 */
export function newRequestId(): string {
  count = count >= 0xffffffff ? 0 : count + 1
  return prefix + (count + 0x1_0000_0000).toString(16).slice(1)
}
