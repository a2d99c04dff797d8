import assert from 'node:assert/strict'
import { test } from 'node:test'
import { failures, type FailureName } from '../http/failures.ts'
import { dialFailure } from './dial.ts'

for (const [code, connecting, failure, side] of [
  ['ECONNREFUSED', true, 'connection_refused', 'upstream'],
  ['ETIMEDOUT', true, 'connection_timeout', 'upstream'],
  ['EHOSTUNREACH', true, 'destination_ip_unroutable', 'upstream'],
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
