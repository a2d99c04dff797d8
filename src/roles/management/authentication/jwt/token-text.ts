/** A JSON Web Token as it is written, before anybody knows whether it is to be believed. */
export interface TokenText {
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
}

/** Longest token that is looked into: what a field may hold is more. */
const MOST_CHARACTERS = 16_384

/** Three parts of base64url (RFC 7515 §3.1), the first two of them objects of JSON; null for everything else. */
export function readToken(text: string): TokenText | null {
  if (text.length > MOST_CHARACTERS) return null
  const parts = text.split('.')
  if (parts.length !== 3) return null
  // What is signed is the text; the signature itself has one spelling, so that one token is not thousands to who remembers them.
  if (!isCanonical(parts[2]!)) return null
  const [header, claims] = [objectOf(parts[0]!), objectOf(parts[1]!)]
  return header === null || claims === null ? null : { header, claims }
}

/** Without blanks, other characters, or bits behind the last octet (RFC 4648 §3.5). */
function isCanonical(part: string): boolean {
  return part !== '' && Buffer.from(part, 'base64url').toString('base64url') === part
}

function objectOf(part: string): Record<string, unknown> | null {
  if (!/^[\w-]+$/.test(part)) return null
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null
  } catch {
    return null
  }
}
