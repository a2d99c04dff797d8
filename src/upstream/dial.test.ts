import assert from 'node:assert/strict'
import { once } from 'node:events'
import { syncBuiltinESMExports } from 'node:module'
import os from 'node:os'
import { test } from 'node:test'
import { failures, type FailureName } from '../http/failures.ts'
import { dial, dialFailure, dialReason } from './dial.ts'
import { TlsDialer } from './tls/dialer.ts'

for (const [code, connecting, failure, side] of [
  ['ECONNREFUSED', true, 'connection_refused', 'upstream'],
  ['ETIMEDOUT', true, 'connection_timeout', 'upstream'],
  ['EHOSTUNREACH', true, 'destination_ip_unroutable', 'upstream'],
  // With an IPv4 address, or none: see below for IPv6.
  ['EADDRNOTAVAIL', true, 'proxy_ports_exhausted', 'internal'],
  ['EAGAIN', true, 'proxy_ports_exhausted', 'internal'],
  ['OUT_OF_MEM', true, 'proxy_overloaded', 'internal'],
  ['EMFILE', true, 'proxy_overloaded', 'internal'],
  ['ENFILE', true, 'proxy_overloaded', 'internal'],
  ['ENOBUFS', true, 'proxy_overloaded', 'internal'],
  ['ENOMEM', true, 'proxy_overloaded', 'internal'],
  ['EWHATEVER', true, 'connection_refused', 'upstream'],
  ['ECONNRESET', false, null, null],
  ['CERT_HAS_EXPIRED', true, 'tls_certificate_error', 'upstream'],
  ['ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE', false, 'tls_alert_received', 'upstream'],
] as const)
  test(`${code} ${connecting ? 'while connecting' : 'later'} is ${failure ?? 'what was under way'}`, () => {
    const named: FailureName | null = dialFailure(Object.assign(new Error(code), { code }), connecting)
    assert.equal(named, failure)
    if (named !== null) assert.equal(failures[named].side, side)
  })

/** Each row: the families of the machine's addresses, and what EADDRNOTAVAIL of an address of IPv6 is called. */
for (const [families, failure] of [
  [['IPv4'], 'destination_ip_unroutable'],
  [['IPv4', 'IPv6'], 'proxy_ports_exhausted'],
] as const)
  test(`EADDRNOTAVAIL of [2001:db8::1] on a machine with ${families.join(' and ')} is ${failure}`, t => {
    t.mock.method(os, 'networkInterfaces', () => ({ lo: families.map(family => ({ family })) }))
    syncBuiltinESMExports()
    t.after(() => {
      t.mock.restoreAll()
      syncBuiltinESMExports()
    })
    const error = Object.assign(new Error(), { code: 'EADDRNOTAVAIL', address: '2001:db8::1' })
    assert.equal(dialFailure(error, true), failure)
  })

test('a handshake that we cannot begin is our own fault', async () => {
  const tls = { serverName: '', names: [], authorities: [], certificate: null, ciphers: '', key: '' }
  const dialer = new TlsDialer({ ...tls, minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3' }, () => {
    throw new Error('there is no certificate Secret/default/ours')
  })
  const { socket } = dial({ host: '127.0.0.1', port: 1 }, '127.0.0.1', dialer)
  const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException]
  assert.equal(dialFailure(error, true), 'proxy_configuration_error')
  assert.equal(dialReason(error), 'there is no certificate Secret/default/ours')
})
