import { createHmac, timingSafeEqual } from 'node:crypto'

/**
 * Secrets of the gateway under which those of its clients are hashed, by version. They are in a file of --secrets and
 * never in the store: who gets hold of the store alone can neither use nor test what is in it.
 */
export interface Peppers {
  /** The version that new credentials are hashed under. */
  readonly current: number
  /** 32 bytes each. Those that are not current are for credentials that were made under them. */
  readonly values: ReadonlyMap<number, Buffer>
}

/** What is recorded of a secret. */
export interface Hashed {
  /** HMAC-SHA-256, base64url: 43 characters. */
  readonly hash: string
  readonly pepper: number
}

/**
 * HMAC-SHA-256 over `id.secret`, base64url: 3 µs. A slow hash would buy nothing, since nobody guesses 190 random bits,
 * and would let anybody take the gateway down with keys that he makes up.
 */
export function hashSecret(id: string, secret: string, pepper: Buffer): string {
  return createHmac('sha256', pepper).update(`${id}.${secret}`).digest('base64url')
}

export function hashUnder(peppers: Peppers, id: string, secret: string): Hashed {
  const { current, values } = peppers
  const pepper = values.get(current)
  if (pepper === undefined) throw new RangeError(`there is no pepper ${current}`)
  return { hash: hashSecret(id, secret, pepper), pepper: current }
}

/** Whether two hashes are the same, in a time that does not tell where they differ. */
export function sameHash(a: string, b: string): boolean {
  const left = Buffer.from(a)
  const right = Buffer.from(b)
  return left.length === right.length && timingSafeEqual(left, right)
}

/** Whether a secret is the one that was hashed under this pepper. */
export function isRightSecret(
  pepper: Buffer,
  { id, secret }: { readonly id: string; readonly secret: string },
  hash: string,
): boolean {
  return sameHash(hashSecret(id, secret, pepper), hash)
}
