import { isIPv4, isIPv6, SocketAddress } from 'node:net'
import { plainAddress } from '../../http/forwarded.ts'
import { crc32c } from './crc32c.ts'

/** What a PROXY header says; `address` is the client's, "" where it leaves that to the connection (LOCAL, UNKNOWN). */
export interface ProxyHeader {
  readonly version: 'V1' | 'V2'
  readonly address: string
  /** Of the client; 0 where there is no address. */
  readonly port: number
  /** Bytes that it takes; what follows is the client's. */
  readonly bytes: number
}

/** `absent`: these bytes begin otherwise. A number: so many are needed before more can be said. */
export type ProxyHeaderResult = ProxyHeader | 'absent' | 'malformed' | number

const V1_PREFIX = Buffer.from('PROXY ')
/** The whole line, its CRLF included (§2.1). */
const V1_BYTES = 107
const V2_PREFIX = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
const V2_FIXED = 16
/** Of addresses and TLVs; senders are to stay within 536, and a certificate's names come to a few hundred. */
const V2_BYTES = 4096
/** Bytes of source and destination, by family: unspecified, IPv4, IPv6, Unix. */
const V2_ADDRESSES = [0, 12, 36, 216] as const
const TLV_CRC32C = 3

/**
 * Reads the header by which a balancer tells whose a connection is (haproxy.org, proxy-protocol.txt, both versions).
 * Strict: whatever is not exactly as described is malformed.
 */
export function readProxyHeader(bytes: Buffer): ProxyHeaderResult {
  if (begins(bytes, V2_PREFIX)) {
    if (bytes.length < V2_PREFIX.length) return bytes.length + 1
    return bytes.length < V2_FIXED ? V2_FIXED : readV2(bytes)
  }
  if (!begins(bytes, V1_PREFIX)) return 'absent'
  return readV1(bytes)
}

/** As far as there are any. */
function begins(bytes: Buffer, prefix: Buffer): boolean {
  const length = Math.min(bytes.length, prefix.length)
  return bytes.compare(prefix, 0, length, 0, length) === 0
}

function readV1(bytes: Buffer): ProxyHeaderResult {
  const end = bytes.subarray(0, V1_BYTES).indexOf('\n')
  if (end < 0) return bytes.length < V1_BYTES ? bytes.length + 1 : 'malformed'
  if (bytes[end - 1] !== 13) return 'malformed'
  const line = bytes.toString('latin1', V1_PREFIX.length, end - 1)
  // What an UNKNOWN says further is to be ignored.
  const source = line === 'UNKNOWN' || line.startsWith('UNKNOWN ') ? nobody : sourceOf(line)
  return source === null ? 'malformed' : { version: 'V1', ...source, bytes: end + 1 }
}

const nobody = { address: '', port: 0 }

function sourceOf(line: string): typeof nobody | null {
  const [family, from = '', to = '', fromPort = '', toPort = '', ...rest] = line.split(' ')
  const isAddress = family === 'TCP4' ? isIPv4 : family === 'TCP6' ? isBareIPv6 : null
  if (isAddress === null || rest.length > 0) return null
  if (!isAddress(from) || !isAddress(to) || !isPort(fromPort) || !isPort(toPort)) return null
  return { address: canonical(from), port: Number(fromPort) }
}

function isBareIPv6(text: string): boolean {
  return isIPv6(text) && !text.includes('%')
}

function isPort(text: string): boolean {
  return /^(0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535
}

function readV2(bytes: Buffer): ProxyHeaderResult {
  const command = bytes[12]!
  const length = bytes.readUInt16BE(14)
  if ((command !== 0x20 && command !== 0x21) || length > V2_BYTES) return 'malformed'
  const end = V2_FIXED + length
  if (bytes.length < end) return end
  const said = { version: 'V2', ...nobody, bytes: end } as const
  // LOCAL: the balancer speaks for itself, and the rest is to be discarded (§2.2).
  if (command === 0x20) return said
  const kind = bytes[13]!
  if (kind === 0) return said
  const family = kind >> 4
  const addresses = V2_ADDRESSES[family]
  // Of a stream: nothing else is accepted here.
  if (addresses === undefined || family === 0 || (kind & 15) !== 1 || length < addresses) return 'malformed'
  if (!fineTlvs(bytes.subarray(0, end), V2_FIXED + addresses)) return 'malformed'
  if (family === 3) return said
  const address = family === 1 ? ipv4(bytes) : ipv6(bytes)
  return { ...said, address, port: bytes.readUInt16BE(V2_FIXED + (family === 1 ? 8 : 32)) }
}

function ipv4(bytes: Buffer): string {
  return bytes.subarray(V2_FIXED, V2_FIXED + 4).join('.')
}

function ipv6(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(V2_FIXED + 2 * i).toString(16))
  return canonical(groups.join(':'))
}

/** As sockets show addresses: clients are told apart by them. */
function canonical(address: string): string {
  if (isIPv4(address)) return address
  return plainAddress(new SocketAddress({ address, family: 'ipv6' }).address)
}

/** Whether the rest is whole TLVs, and its checksum is right where there is one. */
function fineTlvs(header: Buffer, from: number): boolean {
  let checked = false
  for (let at = from; at < header.length;) {
    if (at + 3 > header.length) return false
    const length = header.readUInt16BE(at + 1)
    const value = at + 3
    if (value + length > header.length) return false
    if (header[at] === TLV_CRC32C) {
      if (checked || length !== 4 || header.readUInt32BE(value) !== checksum(header, value)) return false
      checked = true
    }
    at = value + length
  }
  return true
}

/** Of the header, with zeroes for the checksum itself. */
function checksum(header: Buffer, at: number): number {
  const copy = Buffer.from(header)
  copy.fill(0, at, at + 4)
  return crc32c(copy)
}
