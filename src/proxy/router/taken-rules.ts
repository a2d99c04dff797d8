import type { Rule } from '../../snapshot/rule.ts'
import type { RuleSource } from './host-table.ts'

/** Rules that are taken while something is made of them: given back where it is not, and what was given back with it is given only then. */
export class TakenRules<R> implements RuleSource<R> {
  private readonly source: RuleSource<R>
  private readonly taken: R[] = []
  private readonly given: R[] = []

  constructor(source: RuleSource<R>) {
    this.source = source
  }

  take(rule: Rule): R {
    return this.keep(this.source.take(rule))
  }

  closed(rule: Rule, error: unknown): R {
    return this.keep(this.source.closed(rule, error))
  }

  give(rule: R): void {
    this.given.push(rule)
  }

  /** It is made: what it was to give back is given. */
  done(): void {
    for (const rule of this.given) this.source.give(rule)
  }

  /** It cannot be made: nothing has changed. */
  undo(): void {
    for (const rule of this.taken) this.source.give(rule)
  }

  private keep(rule: R): R {
    this.taken.push(rule)
    return rule
  }
}
