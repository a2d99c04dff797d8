import { compactVerify, createLocalJWKSet, errors, type JSONWebKeySet } from 'jose'
import type { IssuerRow } from '../../rows.ts'

export type Signature = 'right' | 'wrong' | 'key not known'

/** Says whether one of these keys has signed a token, by one of these algorithms. Claims are for others to judge. */
export class SignatureCheck {
  private readonly set: ReturnType<typeof createLocalJWKSet>
  private readonly algorithms: string[]

  constructor(keys: IssuerRow['keys'], algorithms: readonly string[]) {
    this.set = createLocalJWKSet({ keys } as unknown as JSONWebKeySet)
    this.algorithms = [...algorithms]
  }

  async of(token: string): Promise<Signature> {
    const { algorithms } = this
    try {
      await compactVerify(token, this.set, { algorithms })
      return 'right'
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey) return 'key not known'
      if (error instanceof errors.JWKSMultipleMatchingKeys) return this.byAny(token, error)
      return 'wrong'
    }
  }

  /** A token that does not name its key, of an issuer with several: each is tried. */
  private async byAny(token: string, keys: errors.JWKSMultipleMatchingKeys): Promise<Signature> {
    const { algorithms } = this
    for await (const key of keys)
      try {
        await compactVerify(token, key, { algorithms })
        return 'right'
      } catch {
        // The next may be the one.
      }
    return 'wrong'
  }
}
