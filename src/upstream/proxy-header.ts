import { isIPv4, isIPv6, SocketAddress } from 'node:net'

/** Whose connection to us a connection to a backend is made for, and where that has come to. */
export interface Source {
  /** IP addresses; IPv4 as such. */
  readonly clientAddress: string
  /** 0 where nobody has told. */
  readonly clientPort: number
  readonly localAddress: string
  readonly localPort: number
}

/** Who has something sent to a backend; absent or null for what is our own. */
export interface Sourced {
  readonly source?: Source | null
}

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
/** Version 2, command LOCAL, no addresses: our own connection (§2.2). */
const LOCAL = Buffer.concat([SIGNATURE, Buffer.from([0x20, 0, 0, 0])])
const UNKNOWN = Buffer.from('PROXY UNKNOWN\r\n')

/**
 * What a connection to a backend begins with that is to know whose it is (haproxy.org, proxy-protocol.txt, both
 * versions). Null, or addresses that nobody knows: a connection of our own. Of two families both are told as IPv6.
 */
export function proxyHeader(version: 'V1' | 'V2', source: Source | null): Buffer {
  const ends = source === null ? null : endsOf(source)
  if (ends === null) return version === 'V1' ? UNKNOWN : LOCAL
  const { clientPort, localPort } = source!
  if (version === 'V1')
    return Buffer.from(`PROXY TCP${ends.six ? 6 : 4} ${ends.from} ${ends.to} ${clientPort} ${localPort}\r\n`)
  const addresses = Buffer.concat([bytesOf(ends.from), bytesOf(ends.to)])
  const rest = Buffer.alloc(4 + addresses.length + 4)
  rest[0] = 0x21
  rest[1] = ends.six ? 0x21 : 0x11
  rest.writeUInt16BE(addresses.length + 4, 2)
  addresses.copy(rest, 4)
  rest.writeUInt16BE(clientPort, 4 + addresses.length)
  rest.writeUInt16BE(localPort, 6 + addresses.length)
  return Buffer.concat([SIGNATURE, rest])
}

function endsOf(
  source: Source,
): { readonly six: boolean; readonly from: string; readonly to: string } | null {
  const [from, to] = [bare(source.clientAddress), bare(source.localAddress)]
  if (isIPv4(from) && isIPv4(to)) return { six: false, from, to }
  const both = [from, to].map(address => (isIPv4(address) ? `::ffff:${address}` : address))
  return both.every(isIPv6) ? { six: true, from: both[0]!, to: both[1]! } : null
}

/** Which link it is on nobody else can know. */
function bare(address: string): string {
  return address.replace(/%.*$/, '')
}

function bytesOf(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number))
  // Compressed, and without dots.
  const text = new SocketAddress({ address, family: 'ipv6' }).address
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text)
  const plain =
    dotted === null ? text : `${dotted[1]!}${hex(dotted[2]!, dotted[3]!)}:${hex(dotted[4]!, dotted[5]!)}`
  const [head = '', tail] = plain.split('::')
  const [before, after] = [head, tail ?? ''].map(part => (part === '' ? [] : part.split(':')))
  const zeros = tail === undefined ? 0 : 8 - before!.length - after!.length
  const groups = [...before!, ...Array<string>(zeros).fill('0'), ...after!]
  const bytes = Buffer.alloc(16)
  groups.forEach((group, i) => bytes.writeUInt16BE(Number.parseInt(group, 16), i * 2))
  return bytes
}

function hex(high: string, low: string): string {
  return ((Number(high) << 8) | Number(low)).toString(16)
}
