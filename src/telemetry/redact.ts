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

/** Names of fields come again with every request, and to judge one costs a microsecond. */
const judgedFields = new Map<string, boolean>()
const JUDGED_FIELDS = 1_024

/** Whether a log field of this name is secret. Words are told apart by case, `-`, `_`, `.` and space. */
export function isSecretName(name: string): boolean {
  const known = judgedFields.get(name)
  if (known !== undefined) return known
  const secret = endsInSecret(name)
  if (name.length > JUDGED_CHARACTERS) return secret
  if (judgedFields.size >= JUDGED_FIELDS) judgedFields.clear()
  // A copy: what was cut out of a head would keep all of it.
  judgedFields.set(Buffer.from(name).toString(), secret)
  return secret
}

function endsInSecret(name: string): boolean {
  const words = wordsOf(name)
  while (words.length > 1 && TRAILING.has(words.at(-1)!)) words.pop()
  const last = words.at(-1) ?? ''
  return SECRET_WORDS.has(last) || ((last === 'key' || last === 'keys') && KEY_KINDS.has(words.at(-2) ?? ''))
}

/** What a parameter or a field of a head carries, while a field of a log of such a name speaks about one. */
const CARRIED_WORDS = new Set(
  (
    'key code auth sid jsessionid phpsessid assertion verifier ticket csrf xsrf bearer hmac pin cvv ' +
    'confirmation'
  ).split(' '),
)

/**
 * As isSecretName, for query parameters and fields of a head: there a bare `key`, `code` (RFC 6749 §4.1.2) or `auth` is
 * a secret too, and what stands for a session or a login.
 */
export function isSecretParameter(name: string): boolean {
  if (isSecretName(name) || declared.has(name.toLowerCase())) return true
  // AWSAccessKeyId is among the four that the OTel conventions for url.query name; SAMLResponse is one word (SAML 2.0 §3.5).
  return (
    CARRIED_WORDS.has(wordsOf(name).at(-1) ?? '') || /^(awsaccesskeyid|saml(response|request))$/i.test(name)
  )
}

/** What is declared to carry credentials, in lower case. It stays: a request that began before a change is logged after it. */
const declared = new Set<string>()

/** From here on values of parameters and fields of these names are secret in this thread, in any case of letters. */
export function declareSecret(names: readonly string[]): void {
  const added = names.map(name => name.toLowerCase()).filter(name => !declared.has(name))
  if (added.length === 0) return
  for (const name of added) declared.add(name)
  suspicious = new RegExp([SUSPICIOUS.source, ...[...declared].map(RegExp.escape)].join('|'), 'i')
  judged.clear()
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
const SUSPICIOUS =
  /[%@]|pcp?_|key|code|auth|pass|pwd|secret|token|jwt|cookie|credential|sig|otp|session|sess?id|saml|assertion|verifier|ticket|[cx]srf|bearer|hmac|pin|cvv|confirmation|\bsid/i
let suspicious = SUSPICIOUS

/**
 * A query (with or without its "?") with the values of secret parameters
 * replaced. Names are compared percent-decoded, as whoever reads them will.
 * Linear in the length of the query, whatever a client sends.
 */
export function redactQuery(query: string): string {
  if (query === '' || !suspicious.test(query)) return query
  let out = ''
  let from = 0
  while (from < query.length) {
    let end = query.indexOf('&', from)
    if (end < 0) end = query.length
    out += redactParameter(query.slice(from, end))
    if (end < query.length) out += '&'
    from = end + 1
  }
  return out
}

/** Some servers end a parameter at ";" too, and a second "?" is often that of an address that was put in unencoded. */
const NAMES = /(?:^\?|^|[?;])([^=?;]*)=/g

function redactParameter(parameter: string): string {
  for (const { index, 0: before, 1: name } of parameter.matchAll(NAMES)) {
    const from = index + before.length
    // To its end, for a value may have ";" and "?" in it.
    if (from < parameter.length && isSecretWritten(name!)) return parameter.slice(0, from) + REDACTED
  }
  return redactAddress(parameter)
}

/** A value may be an address with a query of its own, and in that a token: left out whole. One level, for time. */
function redactAddress(parameter: string): string {
  const shown = redactText(parameter)
  if (!/%(3d|40)/i.test(shown)) return shown
  const from = shown.indexOf('=') + 1
  const text = decoded(shown.slice(from))
  return hasSecret(text) ? shown.slice(0, from) + REDACTED : shown
}

function hasSecret(text: string): boolean {
  if (redactText(text) !== text) return true
  return text.split(/[?&;#]/).some(part => {
    const equals = part.indexOf('=')
    return equals > 0 && equals < part.length - 1 && isSecretWritten(part.slice(0, equals))
  })
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

/** Each of the patterns of redactText has one of these: ids, names and paths, which most texts are, have none. */
const TELLING = / |pcp?_|:\/\//

/** Text with what is recognisably secret in it replaced, whatever its field is called. */
export function redactText(text: string): string {
  if (!TELLING.test(text)) return text
  return (
    text
      .replace(/-----BEGIN [A-Z ]*PRIVATE KEY-----[^]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, REDACTED)
      .replace(/\b(bearer|basic) +[\w.~+/=-]{8,}/gi, `$1 ${REDACTED}`)
      // Keys and tokens that this gateway gives out (roles/management/credentials/key-text.ts): what they are known by stays.
      .replace(/(pc_[a-z0-9]{1,16}|pcp)_([a-z0-9]{16})_[A-Za-z0-9]{32}_[A-Za-z0-9]{6}/g, `$1_$2_${REDACTED}`)
      .replace(/:\/\/([^\s/:@]*):[^\s/@]+@/g, `://$1:${REDACTED}@`)
  )
}
