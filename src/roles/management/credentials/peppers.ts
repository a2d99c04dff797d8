import { timingSafeEqual } from 'node:crypto'
import { Hmac } from './hmac.ts'

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

/** Who verifies many secrets under one pepper keeps this. */
export class Pepper {
  private readonly hmac: Hmac

  constructor(value: Buffer) {
    this.hmac = new Hmac(value)
  }

  /**
   * HMAC-SHA-256 over `id.secret`, base64url. A slow hash would buy nothing, since nobody guesses 190 random bits, and
   * would let anybody take the gateway down with keys that he makes up.
   */
  hash(id: string, secret: string): string {
    return this.hmac.of(`${id}.${secret}`)
  }

  /** In a time that does not tell where they differ. */
  isRight({ id, secret }: Secret, hash: string): boolean {
    return sameHash(this.hash(id, secret), hash)
  }
}

/** A secret and what it is found by. */
export interface Secret {
  readonly id: string
  readonly secret: string
}

export function hashUnder({ current, values }: Peppers, { id, secret }: Secret): Hashed {
  const pepper = values.get(current)
  if (pepper === undefined) throw new RangeError(`there is no pepper ${current}`)
  return { hash: new Pepper(pepper).hash(id, secret), pepper: current }
}

/** Null where its pepper is not there, so that nobody can say. */
export function isRightSecret(
  peppers: Pick<Peppers, 'values'>,
  secret: Secret,
  recorded: Hashed,
): boolean | null {
  const value = peppers.values.get(recorded.pepper)
  return value === undefined ? null : new Pepper(value).isRight(secret, recorded.hash)
}

/** Whether two hashes are the same, in a time that does not tell where they differ. */
export function sameHash(a: string, b: string): boolean {
  const left = Buffer.from(a)
  const right = Buffer.from(b)
  return left.length === right.length && timingSafeEqual(left, right)
}
