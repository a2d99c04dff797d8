/**
 * Fields of a request that the codec writes itself, in lower case: they are no part of RequestHead.fields, and whoever
 * adds or changes fields must leave them alone. A second Content-Length on the wire would be a request smuggled.
 */
export const ownedFields: ReadonlySet<string> = new Set([
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'upgrade',
  'expect',
])

/** The gateway's own words, in lower case, by which backends believe who asked for what: no service and no policy gives them. */
const gatewayFields: ReadonlySet<string> = new Set([
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-request-id',
  'via',
])

/** What the gateway tells backends of who asks begins with this, and so it does to who makes variables of fields. */
const OWN_PREFIX = /^x[^a-z0-9]portcullis[^a-z0-9]/i

/** Whether a field, by its name in any case, is one that the gateway tells backends of who asks. */
export function isOwnWord(name: string): boolean {
  return OWN_PREFIX.test(name)
}

/** Whether a field of a request, by its name in any case, is of the connection or of the gateway. */
export function isOwn(name: string): boolean {
  const lower = name.toLowerCase()
  return ownedFields.has(lower) || gatewayFields.has(lower) || isOwnWord(lower)
}
