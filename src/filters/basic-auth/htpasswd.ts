import { createHash, hash, timingSafeEqual } from 'node:crypto'

/** How the password of a line of htpasswd is kept. */
export type HashKind = 'bcrypt' | 'apr1' | 'sha1'

/** A bcrypt hash that costs more than this takes seconds: each request with a new password would. */
export const MOST_ROUNDS = 14

const BCRYPT = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/

/** Null where it is none that is known here: plain text and crypt(3) among them. */
export function hashKind(text: string): HashKind | null {
  const rounds = Number(BCRYPT.exec(text)?.[1] ?? 0)
  if (rounds >= 4 && rounds <= MOST_ROUNDS) return 'bcrypt'
  if (/^\$apr1\$[./A-Za-z0-9]{1,8}\$[./A-Za-z0-9]{22}$/.test(text)) return 'apr1'
  return /^\{SHA\}[A-Za-z0-9+/]{27}=$/.test(text) ? 'sha1' : null
}

export interface Line {
  /** From 1. */
  readonly number: number
  readonly user: string
  readonly hash: string
}

/** The lines of a file of htpasswd; the first of a user counts. Empty lines and comments are passed over. */
export function htpasswdLines(text: string): Line[] {
  const seen = new Set<string>()
  return text.split('\n').flatMap((line, i) => {
    const bare = line.trim()
    if (bare === '' || bare.startsWith('#')) return []
    const colon = bare.indexOf(':')
    const user = colon < 0 ? bare : bare.slice(0, colon)
    if (seen.has(user)) return []
    seen.add(user)
    // nginx and Apache pass over what follows the hash, behind another colon.
    const [hashed = ''] = colon < 0 ? [] : bare.slice(colon + 1).split(':', 1)
    return [{ number: i + 1, user, hash: hashed }]
  })
}

export function sha1Hash(password: string): string {
  return `{SHA}${hash('sha1', password, 'base64')}`
}

/** Whether two texts are the same, in a time that does not tell where they differ. */
export function sameText(a: string, b: string): boolean {
  const [left, right] = [a, b].map(text => createHash('sha256').update(text).digest())
  return timingSafeEqual(left!, right!)
}

const ITOA64 = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const APR1_ROUNDS = 1000

/** Apache's variant of crypt(3) with MD5 (apr_md5_encode), with the salt of `like`: a millisecond, and more. */
export function apr1(password: string, like: string): string {
  const salt = like.split('$')[2] ?? ''
  const bytes = Buffer.from(password)
  const inner = md5(bytes, salt, bytes)
  const parts: (Buffer | string)[] = [bytes, '$apr1$', salt]
  for (let left = bytes.length; left > 0; left -= 16) parts.push(inner.subarray(0, Math.min(16, left)))
  for (let bits = bytes.length; bits > 0; bits >>= 1)
    parts.push(bits & 1 ? Buffer.alloc(1) : bytes.subarray(0, 1))
  let final = md5(...parts)
  for (let i = 0; i < APR1_ROUNDS; i++) {
    const round: (Buffer | string)[] = [i & 1 ? bytes : final]
    if (i % 3 !== 0) round.push(salt)
    if (i % 7 !== 0) round.push(bytes)
    round.push(i & 1 ? final : bytes)
    final = md5(...round)
  }
  return `$apr1$${salt}$${letters(final)}`
}

function md5(...parts: readonly (Buffer | string)[]): Buffer {
  const digest = createHash('md5')
  for (const part of parts) digest.update(part)
  return digest.digest()
}

/** Which bytes each four letters are of. */
const GROUPS = [
  [0, 6, 12],
  [1, 7, 13],
  [2, 8, 14],
  [3, 9, 15],
  [4, 10, 5],
] as const

function letters(digest: Buffer): string {
  const whole = GROUPS.map(([a, b, c]) => letter((digest[a]! << 16) | (digest[b]! << 8) | digest[c]!, 4))
  return whole.join('') + letter(digest[11]!, 2)
}

function letter(value: number, count: number): string {
  let text = ''
  for (let i = 0; i < count; i++) text += ITOA64[(value >> (6 * i)) & 63]
  return text
}
