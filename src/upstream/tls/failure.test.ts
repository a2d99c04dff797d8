import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tlsFailure, tlsReason } from './failure.ts'

for (const [code, failure, reason] of [
  ['CERT_HAS_EXPIRED', 'tls_certificate_error', 'certificate_expired'],
  ['CERT_NOT_YET_VALID', 'tls_certificate_error', 'certificate_not_yet_valid'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls_certificate_error', 'certificate_other_name'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls_certificate_error', 'certificate_self_signed'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'tls_certificate_error', 'certificate_unknown_authority'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'tls_certificate_error', 'certificate_unknown_authority'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'tls_certificate_error', 'certificate_unknown_authority'],
  ['CERT_CHAIN_TOO_LONG', 'tls_certificate_error', 'cert_chain_too_long'],
  ['ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE', 'tls_alert_received', 'alert_bad_certificate'],
  ['ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE', 'tls_alert_received', 'alert_handshake_failure'],
  ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'tls_alert_received', 'alert_unknown_ca'],
  ['ERR_SSL_TLSV1_UNRECOGNIZED_NAME', 'tls_alert_received', 'alert_unrecognized_name'],
  ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'tls_alert_received', 'alert_certificate_required'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'tls_protocol_error', 'wrong_version_number'],
  ['EPROTO', 'tls_protocol_error', 'eproto'],
  ['ECONNRESET', null, 'econnreset'],
] as const)
  test(`${code} is ${failure ?? 'none of TLS'}: ${reason}`, () => {
    const error = Object.assign(new Error(code), { code })
    assert.equal(tlsFailure(error), failure)
    assert.equal(tlsReason(error), reason)
  })
