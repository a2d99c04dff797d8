import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { suite, test } from 'node:test'
import { crc32c } from './crc32c.ts'
import { readProxyHeader } from './header.ts'

const SIGNATURE = '0d0a0d0a000d0a515549540a'

/** A header of version 2: the bytes from its command on, in hex, its length put in. */
function v2(command: string, rest: string): Buffer {
  const body = Buffer.from(rest.replaceAll(' ', ''), 'hex')
  const length = Buffer.from([body.length >> 8, body.length & 255])
  return Buffer.concat([Buffer.from(SIGNATURE + command, 'hex'), length, body])
}

const V4 = 'c0000201 c6336402 04d2 01bb'
const V6 = '20010db8000000000000000000000001 20010db8000000000000000000000002 04d2 01bb'
const MAPPED = '00000000000000000000ffffc0000201 00000000000000000000ffffc6336402 04d2 01bb'
const NOOP = '04 0003 000000'

/** The same with a checksum as its last TLV. */
function summed(rest: string, spoil = 0): Buffer {
  const header = v2('2111', `${rest} 03 0004 00000000`)
  header.writeUInt32BE((crc32c(header) ^ spoil) >>> 0, header.length - 4)
  return header
}

const fine: Readonly<Record<string, readonly [Buffer | string, string]>> = {
  TCP4: ['PROXY TCP4 192.0.2.1 198.51.100.2 1234 443\r\n', '192.0.2.1'],
  TCP6: ['PROXY TCP6 2001:db8::1 2001:db8::2 1234 443\r\n', '2001:db8::1'],
  'TCP6, written at length': ['PROXY TCP6 2001:0DB8:0:0:0:0:0:1 2001:db8::2 0 65535\r\n', '2001:db8::1'],
  'TCP6 of an IPv4 client': ['PROXY TCP6 ::ffff:192.0.2.1 ::ffff:198.51.100.2 1 2\r\n', '192.0.2.1'],
  'the longest line': [`PROXY UNKNOWN ${'f'.repeat(91)}\r\n`, ''],
  UNKNOWN: ['PROXY UNKNOWN\r\n', ''],
  'UNKNOWN with anything': ['PROXY UNKNOWN ffff:: what ever\r\n', ''],
  IPv4: [v2('2111', V4), '192.0.2.1'],
  IPv6: [v2('2121', V6), '2001:db8::1'],
  'IPv6 of an IPv4 client': [v2('2121', MAPPED), '192.0.2.1'],
  'a Unix socket': [v2('2131', '00'.repeat(216)), ''],
  'no family': [v2('2100', ''), ''],
  'no family, with something': [v2('2100', '01'), ''],
  LOCAL: [v2('2000', ''), ''],
  'LOCAL with addresses': [v2('2011', V4), ''],
  'LOCAL with a block of whatever': [v2('20ff', '010203'), ''],
  TLVs: [v2('2111', `${V4} ${NOOP} ea 0001 00`), '192.0.2.1'],
  'a checksum': [summed(V4), '192.0.2.1'],
  'a checksum behind other TLVs': [summed(`${V4} ${NOOP}`), '192.0.2.1'],
  'the most that is taken': [v2('2111', `${V4} 04 0ff1 ${'00'.repeat(4081)}`), '192.0.2.1'],
}

suite('headers', () => {
  for (const [what, [header, address]] of Object.entries(fine))
    test(`${what}: ${address === '' ? "the connection's own address" : address}`, () => {
      const bytes = Buffer.from(header)
      const result = readProxyHeader(Buffer.concat([bytes, Buffer.from('GET / HTTP/1.1\r\n')]))
      assert.ok(typeof result === 'object')
      assert.deepEqual([result.address, result.bytes], [address, bytes.length])
      // However it is cut, it wants more, and never more than there is of it.
      for (let cut = 0; cut < bytes.length; cut++) {
        const wanted = readProxyHeader(bytes.subarray(0, cut))
        assert.ok(typeof wanted === 'number' && wanted > cut && wanted <= bytes.length, `after ${cut} bytes`)
      }
    })
})

suite('malformed', () => {
  for (const [what, header] of Object.entries<Buffer | string>({
    'a bare LF': 'PROXY TCP4 192.0.2.1 198.51.100.2 1234 443\n',
    'a line of 108 bytes': `PROXY UNKNOWN ${'f'.repeat(92)}\r\n`,
    'two spaces': 'PROXY TCP4  192.0.2.1 198.51.100.2 1234 443\r\n',
    'a space at the end': 'PROXY TCP4 192.0.2.1 198.51.100.2 1234 443 \r\n',
    'a family in lower case': 'PROXY tcp4 192.0.2.1 198.51.100.2 1234 443\r\n',
    UDP: 'PROXY UDP4 192.0.2.1 198.51.100.2 1234 443\r\n',
    'IPv6 in TCP4': 'PROXY TCP4 2001:db8::1 198.51.100.2 1234 443\r\n',
    'IPv4 in TCP6': 'PROXY TCP6 192.0.2.1 2001:db8::2 1234 443\r\n',
    'a zone': 'PROXY TCP6 fe80::1%eth0 2001:db8::2 1234 443\r\n',
    'leading zeroes in an address': 'PROXY TCP4 192.000.2.1 198.51.100.2 1234 443\r\n',
    'leading zeroes in a port': 'PROXY TCP4 192.0.2.1 198.51.100.2 01234 443\r\n',
    'a port beyond 65535': 'PROXY TCP4 192.0.2.1 198.51.100.2 65536 443\r\n',
    'a port too few': 'PROXY TCP4 192.0.2.1 198.51.100.2 1234\r\n',
    'no family at all': 'PROXY \r\n',
    UNKNOWNS: 'PROXY UNKNOWNS\r\n',
    'a method PROXY': 'PROXY /path HTTP/1.1\r\n',
    'version 1 in binary': v2('1111', V4),
    'an unknown command': v2('2211', V4),
    'an unknown family': v2('2141', V4),
    datagrams: v2('2112', V4),
    'no protocol': v2('2110', V4),
    'a protocol without a family': v2('2101', ''),
    'too little for its addresses': v2('2111', V4.slice(0, -4)),
    'too little for those of IPv6': v2('2121', V4),
    'a TLV cut in its length': v2('2111', `${V4} 04 00`),
    'a TLV longer than the header': v2('2111', `${V4} 04 0002 00`),
    'a wrong checksum': summed(V4, 1),
    'a checksum of three bytes': v2('2111', `${V4} 03 0003 000000`),
    'two checksums': summed(`${V4} 03 0004 00000000`),
    'more than is taken': v2('2111', `${V4} 04 0ff2 ${'00'.repeat(4082)}`),
  }))
    test(what, () => assert.equal(readProxyHeader(Buffer.from(header)), 'malformed'))
})

for (const bytes of [
  'GET / HTTP/1.1\r\n',
  'POST / HTTP/1.1',
  'PROPFIND',
  'PRI * HTTP/2.0',
  '\r\nGET',
  '\x16\x03\x01',
  'proxy ',
])
  test(`${JSON.stringify(bytes)} is no header`, () => {
    assert.equal(readProxyHeader(Buffer.from(bytes, 'latin1')), 'absent')
  })

test('whatever is changed, nothing is thrown, and nothing read beyond the end', () => {
  const all = Object.values(fine).map(([header]) => Buffer.from(header))
  for (let i = 0; i < 20_000; i++) {
    const bytes = Buffer.from(all[i % all.length]!)
    const [at, value, cut] = randomBytes(3)
    bytes[at! % bytes.length] = value!
    check(bytes.subarray(0, cut! < 200 ? bytes.length : cut! % bytes.length))
    check(randomBytes(i % 64))
    check(Buffer.concat([Buffer.from(SIGNATURE, 'hex'), randomBytes(i % 64)]))
  }
})

function check(bytes: Buffer): void {
  const result = readProxyHeader(bytes)
  if (typeof result === 'number') assert.ok(result > bytes.length && result <= 16 + 4096)
  else if (typeof result === 'object') assert.ok(result.bytes <= bytes.length)
}

test('the checksum is the one of RFC 9260', () => {
  assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283)
  assert.equal(crc32c(Buffer.alloc(32)), 0x8a9136aa)
})
