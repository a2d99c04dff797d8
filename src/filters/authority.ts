import type { RequestHead } from '../http/head.ts'
import { canonicalHostname } from '../http/hostname.ts'

/** Replaces what the request is addressed to: the Host that is sent upstream. */
export function authoritySetter(authority: string): (head: RequestHead) => void {
  // The port ends the text; the colons of an IPv6 address are within brackets.
  const hostname = canonicalHostname(authority.replace(/:\d*$/, ''))
  return head => {
    head.authority = authority
    head.hostname = hostname
  }
}
