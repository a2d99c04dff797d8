/**
 * A DNS name as everything here compares, sends and verifies it: lower case, without the one dot that ends an absolute
 * name (RFC 6066 §3 forbids that dot in SNI, and no certificate has it). Only the question to DNS keeps it: there it
 * says that search domains are not to be tried.
 */
export function canonicalHostname(name: string): string {
  return (name.endsWith('.') ? name.slice(0, -1) : name).toLowerCase()
}
