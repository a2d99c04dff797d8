import { formatProblem } from '../../model/problem.ts'
import type { Problem } from '../../model/resource.ts'

/** So many problems are told; the rest is counted. */
const SHOWN = 20

/** What is wrong with a document, on standard error. */
export function tell(problems: readonly Problem[]): void {
  for (const problem of problems.slice(0, SHOWN))
    process.stderr.write(`${formatProblem(problem)}${problem.severity === 'error' ? '' : ' (warning)'}\n`)
  if (problems.length > SHOWN) process.stderr.write(`and ${problems.length - SHOWN} more\n`)
}
