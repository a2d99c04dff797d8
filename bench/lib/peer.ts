import type { Case } from './cases.ts'
import type { Certificate } from './certificate.ts'
import type { Helpers } from './managed/helpers.ts'

/** Where a peer finds its things for one case. */
export interface Setup {
  readonly case: Case
  /** A folder of its own. */
  readonly dir: string
  readonly port: number
  readonly adminPort: number
  readonly backendPort: number
  /** For the cases with TLS. */
  readonly certificate: Certificate
  readonly program: string
  /** For the cases with API management. */
  readonly helpers: Helpers | null
}

/** A proxy that is measured, and how it is told to do the same work as the others. */
export interface Peer {
  readonly name: string
  /** The program that must be on the machine, or null for our own. */
  readonly program: string | null
  /** Left out of the other cases. */
  readonly takes: (given: Case) => boolean
  /**
   * What it does in a case: that itself, another one whose figures are to be held against it, or null: it takes no part.
   * Left out: what a proxy without API management, cache and compositions does.
   */
  readonly does?: (given: Case) => Case | null
  /** Arguments that print a version. */
  readonly version: readonly string[]
  /** Writes its configuration and says how it is started in the foreground. */
  prepare(setup: Setup): {
    readonly command: readonly string[]
    readonly env?: Readonly<Record<string, string>>
  }
}
