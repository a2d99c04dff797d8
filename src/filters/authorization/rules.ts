import { compileCondition } from './conditions.ts'
import type { RuleConfig } from './config.ts'
import { compileFrom, compileScopes, identityOf, type NameLookup } from './subject.ts'
import { compileTo } from './target.ts'
import { allOf, type Judged, type Predicate } from './truth.ts'

/** What rules are judged by beside the request. */
export interface RuleSurroundings {
  readonly names: NameLookup | null
  wallMs(): number
}

/** A rule as predicates, the cheap ones first. */
export class CompiledRule {
  readonly name: string
  private readonly denies: boolean
  private readonly parts: readonly Predicate[]
  private readonly scopes: Predicate | null
  /** What a client is told who misses scopes, as RFC 6750 §3 has them: of several sets the first. */
  private readonly neededScopes: string

  constructor({ name, action, from, to, when }: RuleConfig, { names, wallMs }: RuleSurroundings) {
    this.name = name
    this.denies = action === 'deny'
    this.parts = [
      ...compileTo(to),
      ...compileFrom(from, names),
      ...when.map(one => compileCondition(one, wallMs)),
    ]
    this.scopes = from.scopes === null ? null : compileScopes(from.scopes)
    this.neededScopes = from.scopes?.[0]?.join(' ') ?? ''
  }

  /** What is unknown lets nobody pass, and denies. */
  matches(x: Judged): boolean {
    const rest = this.restHolds(x)
    return rest && (this.scopes === null || this.scopes(x) === 'yes')
  }

  /** Scopes that are all that somebody known misses; null where it is not that. */
  missingScopes(x: Judged): string | null {
    if (this.scopes === null || identityOf(x.notes) === null) return null
    return this.restHolds(x) ? this.neededScopes : null
  }

  private restHolds(x: Judged): boolean {
    const holds = allOf(this.parts, x)
    return holds === 'yes' || (holds === 'unknown' && this.denies)
  }
}
