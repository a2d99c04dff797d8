/**
 * Methods by RFC 9110 §9.1: tokens, case-sensitive, no closed list. What is
 * registered (§16.1.1), and what llhttp and the frameworks behind it know
 * besides, is listed for two reasons. A method that differs from one of these
 * only in case is refused: frameworks upper-case `delete`, and it would have
 * gone past every rule on DELETE. And others have no name of their own in what
 * is counted or kept, since a client can invent as many as it likes.
 */
const registered = new Set(
  `
  ACL BASELINE-CONTROL BIND CHECKIN CHECKOUT CONNECT COPY DELETE GET HEAD LABEL LINK LOCK M-SEARCH MERGE
  MKACTIVITY MKCALENDAR MKCOL MKREDIRECTREF MKWORKSPACE MOVE NOTIFY OPTIONS ORDERPATCH PATCH POST PRI
  PROPFIND PROPPATCH PURGE PUT QUERY REBIND REPORT SEARCH SOURCE SUBSCRIBE TRACE UNBIND UNCHECKOUT UNLINK
  UNLOCK UNSUBSCRIBE UPDATE UPDATEREDIRECTREF VERSION-CONTROL
  `
    .trim()
    .split(/\s+/),
)

/** Ours; the longest that is registered has 17 characters. */
const LONGEST = 32

/**
 * Whether a token is a method that a request may have: not CONNECT, which is not
 * served here, nor what is registered to be never used (PRI, "*").
 */
export function isMethod(token: string): boolean {
  if (token === 'GET' || token === 'POST') return true
  if (registered.has(token)) return token !== 'CONNECT' && token !== 'PRI'
  return token.length <= LONGEST && token !== '*' && !registered.has(token.toUpperCase())
}

export function isRegistered(method: string): boolean {
  return method === 'GET' || method === 'POST' || registered.has(method)
}
