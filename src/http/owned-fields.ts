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
