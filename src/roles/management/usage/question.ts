import type { UsageDimension, UsageStep } from '../../../api/shapes/usage-names.ts'
import type { Span } from './pieces.ts'

/** Whose usage may be seen: of accounts of these organizations, of these accounts, or of these APIs. */
export interface UsageScope {
  readonly organizations: readonly string[]
  readonly accounts: readonly string[]
  readonly apis: readonly string[]
}

export interface UsageQuestion extends Span {
  readonly step: UsageStep
  readonly groupBy: readonly UsageDimension[]
  /** Only what has one of these values, of each dimension that is named. */
  readonly chosen: Readonly<Partial<Record<UsageDimension, readonly string[]>>>
  /** Null: everybody's. */
  readonly scope: UsageScope | null
  readonly order: 'key' | 'requests'
  readonly limit: number
  /** The row after which to go on, as an earlier answer had it. */
  readonly after: readonly (string | number)[] | null
}
