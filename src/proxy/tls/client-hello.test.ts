import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clientHello } from '../../../test/support/tls.ts'
import { HELLO_BYTES, readClientHello } from './client-hello.ts'

interface Vector {
  readonly name?: Buffer
  readonly extensions?: readonly Buffer[]
}

function u16(number: number): Buffer {
  return Buffer.from([number >> 8, number & 255])
}

function sized(bytes: Buffer): Buffer {
  return Buffer.concat([u16(bytes.length), bytes])
}

function extension(type: number, body: Buffer): Buffer {
  return Buffer.concat([u16(type), sized(body)])
}

function serverName(name: string): Buffer {
  return extension(0, sized(Buffer.concat([Buffer.from([0]), sized(Buffer.from(name, 'latin1'))])))
}

/** A record with a ClientHello of these extensions. */
function record({ extensions = [] }: Vector, tail = Buffer.alloc(0)): Buffer {
  const body = Buffer.concat([
    Buffer.from([3, 3]),
    Buffer.alloc(32, 7),
    Buffer.from([0]),
    sized(Buffer.from([0x13, 0x01])),
    Buffer.from([1, 0]),
    sized(Buffer.concat(extensions)),
    tail,
  ])
  return wrapped(body)
}

function wrapped(body: Buffer): Buffer {
  const message = Buffer.concat([Buffer.from([1, 0]), u16(body.length), body])
  return Buffer.concat([Buffer.from([22, 3, 1]), sized(message)])
}

/** The same message in records of so many bytes. */
function inPieces(whole: Buffer, size: number): Buffer {
  const message = whole.subarray(5)
  const records: Buffer[] = []
  for (let at = 0; at < message.length; at += size)
    records.push(Buffer.concat([Buffer.from([22, 3, 3]), sized(message.subarray(at, at + size))]))
  return Buffer.concat(records)
}

/** What is there is not enough, and what is asked for is more than that and not more than all. */
function assertWaits(bytes: Buffer, cut: number): void {
  const wanted = readClientHello(bytes.subarray(0, cut))
  assert.ok(
    typeof wanted === 'number' && wanted > cut && wanted <= bytes.length,
    `${cut}: ${JSON.stringify(wanted)}`,
  )
}

for (const [what, options, name] of [
  ['TLS 1.3 with a name', { servername: 'Shop.Example' }, 'shop.example'],
  ['TLS 1.2 with a name', { servername: 'shop.example', maxVersion: 'TLSv1.2' }, 'shop.example'],
  ['no name', {}, ''],
  ['protocols', { servername: 'a.example', ALPNProtocols: ['h2', 'http/1.1'] }, 'a.example'],
] as const)
  test(`OpenSSL's hello: ${what}, cut at every byte`, async () => {
    const bytes = await clientHello({ ...options, ALPNProtocols: ['http/1.1'] })
    for (let cut = 0; cut < bytes.length; cut++) assertWaits(bytes, cut)
    const read = readClientHello(bytes)
    assert.ok(typeof read === 'object')
    assert.equal(read.serverName, name)
    assert.equal(read.ticketKey, '')
  })

test('a hello in several records is one hello', () => {
  const whole = record({ extensions: [serverName('shop.example')] })
  for (const size of [3, 7, 30, 64]) {
    const bytes = inPieces(whole, Math.max(size, Math.ceil((whole.length - 5) / 16)))
    for (let cut = 0; cut < bytes.length; cut++) assertWaits(bytes, cut)
    const read = readClientHello(bytes)
    assert.ok(typeof read === 'object')
    assert.equal(read.serverName, 'shop.example')
  }
})

const ticket = Buffer.from('00112233445566778899aabbccddeeff0102', 'hex')
const binders = sized(Buffer.concat([Buffer.from([32]), Buffer.alloc(32)]))
const preShared = extension(
  41,
  Buffer.concat([sized(Buffer.concat([sized(ticket), Buffer.alloc(4)])), binders]),
)

test('the name of a ticket key is read from either kind of ticket', () => {
  for (const one of [extension(35, ticket), preShared]) {
    const read = readClientHello(record({ extensions: [serverName('a'), one] }))
    assert.ok(typeof read === 'object')
    assert.equal(read.ticketKey, '00112233445566778899aabbccddeeff')
  }
})

test('a name is canonical, whatever the client writes', () => {
  const read = readClientHello(record({ extensions: [serverName('Shop.EXAMPLE.')] }))
  assert.ok(typeof read === 'object')
  assert.equal(read.serverName, 'shop.example')
})

/** Each row: what a client offers by ALPN, and whether it validates a name. */
for (const [protocols, validates] of [
  [['acme-tls/1'], true],
  [['acme-tls/1', 'h2'], false],
  [['h2', 'acme-tls/1'], false],
  [['acme-tls/2'], false],
  [['h2', 'http/1.1'], false],
  [[], false],
] as const)
  test(`who offers ${protocols.join(', ') || 'nothing'} ${validates ? 'validates a name' : 'is a client'}`, async () => {
    const hello = readClientHello(
      await clientHello({ servername: 'a.example', ALPNProtocols: [...protocols] }),
    )
    assert.ok(typeof hello === 'object')
    assert.equal(hello.validates, validates)
  })

test('what a client takes is there as it was sent, and empty where it said nothing', async () => {
  const options = {
    maxVersion: 'TLSv1.2',
    sigalgs: 'ECDSA+SHA256:RSA+SHA512',
    ecdhCurve: 'P-256:X25519',
  } as const
  const read = readClientHello(await clientHello({ ...options, ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' }))
  assert.ok(typeof read === 'object')
  const { suites, signatureSchemes, groups, versions } = read
  assert.equal(suites.toString('hex'), 'c02f')
  assert.equal(signatureSchemes.toString('hex'), '04030601')
  assert.equal(groups.toString('hex'), '0017001d')
  assert.equal(versions.length, 0)
  const newer = readClientHello(await clientHello({ minVersion: 'TLSv1.3' }))
  assert.ok(typeof newer === 'object')
  assert.equal(newer.versions.toString('hex'), '0304')
})

const name = serverName('a.example')
for (const [what, bytes] of [
  ['an HTTP request', Buffer.from('GET / HTTP/1.1\r\n')],
  ['its first byte alone', Buffer.from('G')],
  ['an SSLv2 hello', Buffer.from([0x80, 0x2e, 1, 3, 1])],
  ['an alert', Buffer.from([21, 3, 3, 0, 2, 2, 40])],
  ['another major version', Buffer.from([22, 2])],
  ['an empty record', Buffer.from([22, 3, 1, 0, 0])],
  ['a record that is too long', Buffer.from([22, 3, 1, 0x40, 1])],
  ['another handshake message', Buffer.from([22, 3, 1, 0, 4, 2, 0, 0, 0])],
  ['a hello beyond the limit', Buffer.from([22, 3, 1, 0, 4, 1, 0, HELLO_BYTES >> 8, 1])],
  ['bytes after the hello in its record', wrapped(Buffer.concat([record({}).subarray(9), Buffer.from([0])]))],
  ['a name twice', record({ extensions: [name, name] })],
  ['any extension twice', record({ extensions: [extension(16, u16(0)), extension(16, u16(0))] })],
  ['an extension after the pre-shared key', record({ extensions: [preShared, name] })],
  ['a name of an unknown type', record({ extensions: [extension(0, sized(Buffer.from([1, 0, 1, 97])))] })],
  ['two names', record({ extensions: [extension(0, sized(Buffer.from([0, 0, 1, 97, 0, 0, 1, 98])))] })],
  ['an empty name', record({ extensions: [extension(0, sized(Buffer.from([0, 0, 0])))] })],
  ['an empty list of names', record({ extensions: [extension(0, sized(Buffer.alloc(0)))] })],
  ['a name with NUL', record({ extensions: [serverName('a.example\0.b')] })],
  ['a name with a slash', record({ extensions: [serverName('a/b')] })],
  ['a name that ends in two dots', record({ extensions: [serverName('a.example..')] })],
  ['a name that is a dot', record({ extensions: [serverName('.')] })],
  ['a name with an empty label', record({ extensions: [serverName('a..example')] })],
  ['a name of 256 bytes', record({ extensions: [serverName('a'.repeat(256))] })],
  ['no signature scheme', record({ extensions: [extension(13, u16(0))] })],
  ['half a signature scheme', record({ extensions: [extension(13, sized(Buffer.from([4, 3, 8])))] })],
  ['signature schemes and more', record({ extensions: [extension(13, Buffer.from([0, 2, 4, 3, 0]))] })],
  ['half a group', record({ extensions: [extension(10, sized(Buffer.from([0])))] })],
  ['no version', record({ extensions: [extension(43, Buffer.from([0]))] })],
  ['half a version', record({ extensions: [extension(43, Buffer.from([3, 3, 4, 3]))] })],
  ['an extension longer than the hello', record({ extensions: [Buffer.from([0, 16, 0, 9])] })],
] as const)
  test(`refused: ${what}`, () => assert.equal(readClientHello(bytes), 'malformed'))

test('whatever is changed or cut off, nothing is thrown and nothing read beyond the end', () => {
  const whole = record({ extensions: [name, extension(35, ticket), preShared] })
  for (let at = 0; at < whole.length; at++)
    for (const byte of [0, 1, 127, 128, 255]) {
      const changed = Buffer.from(whole)
      changed[at] = byte
      readClientHello(changed)
      readClientHello(changed.subarray(0, at))
    }
})
