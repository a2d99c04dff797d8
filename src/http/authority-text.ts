/** A host and a port as URLs and Host have them (RFC 3986 §3.2): `shop.example:80`, `10.0.0.1:80`, `[::1]:80`. */
export function authorityText(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
