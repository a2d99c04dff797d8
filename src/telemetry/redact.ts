/**
 * Secrets never reach a log, by convention of names: a field or query parameter
 * whose name ends in one of these words is shown as [redacted]. `clientSecret`
 * and `x-api-key` are; `secretName` and `tokenCount` speak about one and are not.
 */
export const REDACTED = '[redacted]'

const SECRET_WORDS = new Set(
  (
    'password passwd passphrase pass pwd secret secrets token tokens jwt authorization cookie cookies credential ' +
    'credentials apikey apisecret accesskey secretkey privatekey signature sig otp session sessionid'
  ).split(' '),
)
/** Words that make a secret of the `key` that follows them; a key alone may well be a map's. */
const KEY_KINDS = new Set(
  'api access secret private signing encryption shared master account subscription'.split(' '),
)
const TRAILING = new Set('header value string text'.split(' '))

/** Whether a log field of this name is secret. Words are told apart by case, `-`, `_`, `.` and space. */
export function isSecretName(name: string): boolean {
  const words = wordsOf(name)
  while (words.length > 1 && TRAILING.has(words.at(-1)!)) words.pop()
  const last = words.at(-1) ?? ''
  return SECRET_WORDS.has(last) || ((last === 'key' || last === 'keys') && KEY_KINDS.has(words.at(-2) ?? ''))
}

/**
 * As isSecretName, for query parameters and fields of a head: there a bare `key`, `code` (RFC 6749 §4.1.2) or `auth` is
 * a secret too.
 */
export function isSecretParameter(name: string): boolean {
  if (isSecretName(name)) return true
  const last = wordsOf(name).at(-1) ?? ''
  // AWSAccessKeyId is among the four that the OTel conventions for url.query name.
  return last === 'key' || last === 'code' || last === 'auth' || /^awsaccesskeyid$/i.test(name)
}

function wordsOf(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter(word => word !== '')
}

// Every secret name contains one of these or is percent-encoded: one linear pass
// acquits the usual query without looking at its parameters.
const SUSPICIOUS = /%|key|code|auth|pass|pwd|secret|token|jwt|cookie|credential|sig|otp|session/i

/**
 * A query (with or without its "?") with the values of secret parameters
 * replaced. Names are compared percent-decoded, as whoever reads them will.
 * Linear in the length of the query, whatever a client sends.
 */
export function redactQuery(query: string): string {
  if (query === '' || !SUSPICIOUS.test(query)) return query
  let out = ''
  let from = 0
  while (from < query.length) {
    let end = query.indexOf('&', from)
    if (end < 0) end = query.length
    out += redactParameter(query.slice(from, end), from === 0)
    if (end < query.length) out += '&'
    from = end + 1
  }
  return out
}

function redactParameter(parameter: string, first: boolean): string {
  const equals = parameter.indexOf('=')
  if (equals < 0 || equals === parameter.length - 1) return parameter
  const written = parameter.slice(first && parameter.startsWith('?') ? 1 : 0, equals)
  return isSecretWritten(written) ? parameter.slice(0, equals + 1) + REDACTED : parameter
}

/** Programs ask with the same few names again and again, and to judge one costs a microsecond. */
const judged = new Map<string, boolean>()
const JUDGED_NAMES = 1_024
const JUDGED_CHARACTERS = 64

function isSecretWritten(name: string): boolean {
  const known = judged.get(name)
  if (known !== undefined) return known
  const secret = isSecretParameter(decoded(name))
  if (name.length > JUDGED_CHARACTERS) return secret
  if (judged.size >= JUDGED_NAMES) judged.clear()
  // A copy: what was cut out of a head would keep all of it.
  judged.set(Buffer.from(name, 'latin1').toString('latin1'), secret)
  return secret
}

function decoded(name: string): string {
  if (!name.includes('%')) return name
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}

/** A target or an absolute URL, as redactQuery. */
export function redactUrl(url: string): string {
  const question = url.indexOf('?')
  const before = question < 0 ? url : url.slice(0, question)
  return redactText(before) + (question < 0 ? '' : redactQuery(url.slice(question)))
}

/** Text with what is recognisably secret in it replaced, whatever its field is called. */
export function redactText(text: string): string {
  return text
    .replace(/-----BEGIN [A-Z ]*PRIVATE KEY-----[^]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, REDACTED)
    .replace(/\b(bearer|basic) +[\w.~+/=-]{8,}/gi, `$1 ${REDACTED}`)
    .replace(/:\/\/([^\s/:@]*):[^\s/@]+@/g, `://$1:${REDACTED}@`)
}
