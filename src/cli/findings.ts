import { formatProblem } from '../model/problem.ts'
import type { Condition, Problem } from '../model/resource.ts'
import { complaintsOf } from './conditions.ts'

/** All there is to say about resources, a line each, each line once. */
export interface Findings {
  readonly errors: ReadonlySet<string>
  /** Worth a look, but served. */
  readonly warnings: ReadonlySet<string>
}

/** Problems of the files and of the translation, and conditions that are not good: what `check`, the log and `explain` tell. */
export function findingsOf(problems: readonly Problem[], conditions: readonly Condition[]): Findings {
  const of = (wanted: string) => problems.filter(({ severity }) => severity === wanted).map(formatProblem)
  return { errors: new Set([...of('error'), ...complaintsOf(conditions)]), warnings: new Set(of('warning')) }
}
