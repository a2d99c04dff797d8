import type * as Jose from 'jose'
import type { IssuerRow } from '../../rows.ts'

export type Signature = 'right' | 'wrong' | 'key not known'

type Loaded = typeof Jose

/** Says whether one of these keys has signed a token, by one of these algorithms. Claims are for others to judge. */
export class SignatureCheck {
  private readonly keys: Jose.JSONWebKeySet
  private readonly algorithms: string[]
  private set: ReturnType<Loaded['createLocalJWKSet']> | null = null

  constructor(keys: IssuerRow['keys'], algorithms: readonly string[]) {
    this.keys = { keys: [...keys] } as unknown as Jose.JSONWebKeySet
    this.algorithms = [...algorithms]
  }

  async of(token: string): Promise<Signature> {
    // Who accepts no tokens does not load what verifies them.
    const jose = await import('jose')
    const { algorithms } = this
    this.set ??= jose.createLocalJWKSet(this.keys)
    try {
      await jose.compactVerify(token, this.set, { algorithms })
      return 'right'
    } catch (error) {
      if (error instanceof jose.errors.JWKSNoMatchingKey) return 'key not known'
      if (error instanceof jose.errors.JWKSMultipleMatchingKeys) return this.byAny(jose, token, error)
      return 'wrong'
    }
  }

  /** A token that does not name its key, of an issuer with several: each is tried. */
  private async byAny(
    jose: Loaded,
    token: string,
    keys: InstanceType<Loaded['errors']['JWKSMultipleMatchingKeys']>,
  ): Promise<Signature> {
    const { algorithms } = this
    for await (const key of keys)
      try {
        await jose.compactVerify(token, key, { algorithms })
        return 'right'
      } catch {
        // The next may be the one.
      }
    return 'wrong'
  }
}
