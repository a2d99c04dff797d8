/**
 * A host and a port as URLs and Host have them (RFC 3986 §3.2): `shop.example:80`, `10.0.0.1:80`, `[::1]:80`. A thread
 * of this process (upstream/crossing/address.ts), which is no name of a host, has no port.
 */
export function authorityText(host: string, port: number): string {
  if (host.startsWith('thread:')) return host
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
