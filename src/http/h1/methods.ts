/**
 * The methods that pass: those that llhttp knows (another one is 501, RFC 9110
 * §9.1), so that no upstream on Node reads a request line differently than we
 * did. Without CONNECT, which is off, and SOURCE, which is not HTTP.
 */
const methods = new Set(
  `
  ACL BIND CHECKOUT COPY DELETE GET HEAD LINK LOCK M-SEARCH MERGE MKACTIVITY MKCALENDAR MKCOL MOVE
  NOTIFY OPTIONS PATCH POST PROPFIND PROPPATCH PURGE PUT QUERY REBIND REPORT SEARCH SUBSCRIBE TRACE
  UNBIND UNLINK UNLOCK UNSUBSCRIBE
  `
    .trim()
    .split(/\s+/),
)

export function isMethod(method: string): boolean {
  return method === 'GET' || method === 'POST' || methods.has(method)
}
