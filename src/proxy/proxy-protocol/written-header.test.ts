import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readProxyHeader } from './header.ts'
import { proxyHeader } from '../../upstream/proxy-header.ts'

const SIGNATURE = '0d0a0d0a000d0a515549540a'

/** Each row: client, its port, where it came to, and that port; version 1 as text, version 2 behind its signature. */
for (const [from, fromPort, to, toPort, v1, v2] of [
  [
    '192.0.2.7',
    1234,
    '198.51.100.2',
    443,
    'PROXY TCP4 192.0.2.7 198.51.100.2 1234 443\r\n',
    '2111000cc0000207c633640204d201bb',
  ],
  [
    '2001:db8::7',
    65535,
    '2001:db8::2',
    1,
    'PROXY TCP6 2001:db8::7 2001:db8::2 65535 1\r\n',
    '2121002420010db800000000000000000000000720010db8000000000000000000000002ffff0001',
  ],
  [
    '192.0.2.7',
    0,
    '::1',
    443,
    'PROXY TCP6 ::ffff:192.0.2.7 ::1 0 443\r\n',
    '2121002400000000000000000000ffffc000020700000000000000000000000000000001000001bb',
  ],
  [
    'fe80::1%eth0',
    1,
    'fe80::2%eth0',
    2,
    'PROXY TCP6 fe80::1 fe80::2 1 2\r\n',
    '21210024fe800000000000000000000000000001fe80000000000000000000000000000200010002',
  ],
  ['', 0, '127.0.0.1', 80, 'PROXY UNKNOWN\r\n', '20000000'],
] as const)
  test(`${from || 'nobody'} to ${to}`, () => {
    const source = { clientAddress: from, clientPort: fromPort, localAddress: to, localPort: toPort }
    const [text, binary] = [proxyHeader('V1', source), proxyHeader('V2', source)]
    assert.equal(text.toString(), v1)
    assert.equal(binary.toString('hex'), SIGNATURE + v2)
    for (const header of [text, binary]) {
      const read = readProxyHeader(header)
      assert.ok(typeof read === 'object')
      assert.equal(read.bytes, header.length)
      assert.equal(read.address, from.includes('%') ? 'fe80::1' : from)
    }
  })

test('a connection of our own has nobody behind it', () => {
  assert.equal(proxyHeader('V1', null).toString(), 'PROXY UNKNOWN\r\n')
  assert.equal(proxyHeader('V2', null).toString('hex'), `${SIGNATURE}20000000`)
})
