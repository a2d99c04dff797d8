import type { FailureName } from '../../http/failures.ts'

/** What an error of a TLS connection is called (RFC 9209 §2.3), or null where it is none of TLS. OUT_OF_MEM is a verification result of ours, not of the certificate. */
export function tlsFailure({ code = '' }: NodeJS.ErrnoException): FailureName | null {
  if (code === 'OUT_OF_MEM') return 'proxy_overloaded'
  if (certificateErrors.test(code)) return 'tls_certificate_error'
  if (alerts.test(code)) return 'tls_alert_received'
  return /^(ERR_SSL_|ERR_OSSL_|ERR_TLS_|EPROTO$)/.test(code) ? 'tls_protocol_error' : null
}

/** The same for the log, as far as the code tells: `certificate_expired`, `alert_bad_certificate`, `wrong_version_number`. */
export function tlsReason({ code = '' }: NodeJS.ErrnoException): string {
  const known = certificateReasons[code]
  if (known !== undefined) return known
  const [, alert] = alerts.exec(code) ?? []
  return alert === undefined
    ? code.replace(/^ERR_(SSL|OSSL|TLS)_/, '').toLowerCase()
    : `alert_${alert.toLowerCase()}`
}

/** Verification results of OpenSSL (X509_V_ERR_…) as Node names them. */
const certificateErrors =
  /^(ERR_TLS_CERT_ALTNAME_INVALID|UNABLE_TO_|CERT_|CRL_|ERROR_IN_|DEPTH_ZERO_|SELF_SIGNED_|INVALID_|PATH_LENGTH_|HOSTNAME_MISMATCH)/

/** OpenSSL's names of the alerts that the peer sent ("ssl/tls alert bad certificate", "tlsv1 unrecognized name"): no other error begins like them. */
const alerts = /^ERR_SSL_(?:SSL\/TLS|SSLV3|TLSV1|TLSV13)_(?:ALERT_)?(.+)$/

const certificateReasons: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'certificate_expired',
  CERT_NOT_YET_VALID: 'certificate_not_yet_valid',
  CERT_REVOKED: 'certificate_revoked',
  CERT_SIGNATURE_FAILURE: 'certificate_bad_signature',
  INVALID_PURPOSE: 'certificate_wrong_purpose',
  ERR_TLS_CERT_ALTNAME_INVALID: 'certificate_other_name',
  HOSTNAME_MISMATCH: 'certificate_other_name',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'certificate_self_signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'certificate_unknown_authority',
  UNABLE_TO_GET_ISSUER_CERT: 'certificate_unknown_authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'certificate_unknown_authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'certificate_unknown_authority',
  CERT_UNTRUSTED: 'certificate_unknown_authority',
}
