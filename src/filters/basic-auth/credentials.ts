/** What a client has sent by RFC 7617. */
export interface Credentials {
  readonly user: string
  readonly password: string
}

/** Of a value of Authorization; null where it is of another scheme, or malformed. */
export function readCredentials(value: string): Credentials | null {
  const [, token = ''] = /^basic +([A-Za-z0-9+/]+={0,2}) *$/i.exec(value) ?? []
  if (token === '') return null
  const text = Buffer.from(token, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  // RFC 7617 §2: no control characters; and a text that is no UTF-8 is not what anybody has typed.
  if (colon < 0 || /[\u0000-\u001f\u007f\ufffd]/.test(text)) return null
  return { user: text.slice(0, colon), password: text.slice(colon + 1) }
}

/** A challenge; the realm is a quoted-string. */
export function challenge(realm: string): string {
  return `Basic realm="${realm.replace(/["\\]/g, '\\$&')}", charset="UTF-8"`
}
