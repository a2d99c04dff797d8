import { isIP } from 'node:net'

/** How an endpoint that is a thread of this process is named: `thread:7`. */
export function threadAddress(thread: number): string {
  return `thread:${thread}`
}

/** The thread that an address names, or null. */
export function threadOf(address: string): number | null {
  return address.startsWith('thread:') ? Number(address.slice(7)) : null
}

/** Whether an endpoint's address is one as it is, and no name to be resolved. */
export function isFixed(address: string): boolean {
  return isIP(address) > 0 || threadOf(address) !== null
}
