import { scryptSync, timingSafeEqual } from 'node:crypto'

/** A password by scrypt (RFC 7914) as a PHC string: `$scrypt$ln=15,r=8,p=1$SALT$HASH`, base64 without "=". */
const SCRYPT =
  /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/

/** 2^17 blocks of 1 KiB: more would take a thread's memory, and seconds, for each password. */
const MOST_LOG2 = 17

export interface ScryptHash {
  readonly cost: { readonly N: number; readonly r: number; readonly p: number; readonly maxmem: number }
  readonly salt: Buffer
  readonly hash: Buffer
}

/** Null where it is none, or costs more than anybody is to pay. */
export function readScrypt(text: string): ScryptHash | null {
  const [, ln = '', r = '', p = '', salt = '', hash = ''] = SCRYPT.exec(text) ?? []
  if (hash === '' || Number(ln) < 1 || Number(ln) > MOST_LOG2 || r !== '8' || p !== '1') return null
  const cost = scryptCost(Number(ln))
  return { cost, salt: Buffer.from(salt, 'base64'), hash: Buffer.from(hash, 'base64') }
}

/** For 2^log2 blocks of 1 KiB. */
export function scryptCost(log2: number): ScryptHash['cost'] {
  const N = 2 ** log2
  return { N, r: 8, p: 1, maxmem: 2 * 128 * N * 8 }
}

/** Whether it is this password; tens of milliseconds, and never on a thread that serves. */
export function isScryptOf(password: string, { cost, salt, hash }: ScryptHash): boolean {
  return timingSafeEqual(scryptSync(password, salt, hash.length, cost), hash)
}
