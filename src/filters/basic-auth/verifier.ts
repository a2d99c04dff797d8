import { randomBytes } from 'node:crypto'
import { KeyHash } from '../../shared/key-hash.ts'
import type { Kit } from '../kit.ts'
import type { Credentials } from './credentials.ts'
import { Hasher, type Hashed } from './hasher.ts'
import { hashKind, sameText, sha1Hash } from './htpasswd.ts'

/** Credentials that were found right are known for so many users at a time. */
const KEPT = 4_096

/** Of a cost that is common: who guesses is not told by the time that there is no such user. */
const NOBODY = '$2y$10$6GABvVO3L64FFXLiu5T39.5aaoeY0Lq69EP4fsHpf75YWlLfLq28m'

/** The one of this worker: passwords of all policies are hashed in one thread. */
export function verifierOf(kit: Pick<Kit, 'keep' | 'clock'>): Verifier {
  return kit.keep('basic-auth', () => new Verifier(() => kit.clock.now()))
}

/**
 * Says whether credentials are right, in one worker. What was found right is known again by a hash of the password, of
 * what it was compared with, and of a secret of this process: then it costs half a microsecond, and with another hash
 * in the Secret it is as new. Nothing is kept of what was wrong.
 */
export class Verifier {
  private readonly known = new Map<string, true>()
  private readonly pending = new Map<string, Promise<Hashed>>()
  private readonly keys = new KeyHash(randomBytes(16))
  private readonly hasher: Hasher

  constructor(now: () => number) {
    this.hasher = new Hasher(now)
  }

  /** `hash` is undefined where there is no such user, and `like` then one that others have. */
  verify(
    { user, password }: Credentials,
    hash: string | undefined,
    like: string | null,
    client: string,
  ): Hashed | Promise<Hashed> {
    if (hash === undefined) return this.verifyNobody(password, like ?? NOBODY, client)
    if (hashKind(hash) === 'sha1') return sameText(sha1Hash(password), hash)
    const { a, b, c, d } = this.keys.of(`${hash} ${user.length} ${user}${password}`)
    const key = `${a} ${b} ${c} ${d}`
    if (this.known.has(key)) return true
    return this.pending.get(key) ?? this.ask(key, password, hash, client)
  }

  drain(): void {
    this.hasher.stop()
  }

  private verifyNobody(password: string, like: string, client: string): Hashed | Promise<Hashed> {
    if (hashKind(like) === 'sha1') return sameText(sha1Hash(password), '')
    return this.hasher.isRight(password, like, client).then(right => (right === true ? false : right))
  }

  /** The same credentials at once, as browsers send them on several connections, are hashed once. */
  private ask(key: string, password: string, hash: string, client: string): Promise<Hashed> {
    const asked = this.hasher.isRight(password, hash, client).then(right => {
      this.pending.delete(key)
      if (right === true) this.keep(key)
      return right
    })
    this.pending.set(key, asked)
    return asked
  }

  private keep(key: string): void {
    if (this.known.size === KEPT) this.known.delete(this.known.keys().next().value!)
    this.known.set(key, true)
  }
}
