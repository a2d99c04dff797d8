import type { Held } from '../model/last-good.ts'
import { formatPath } from '../model/problem.ts'
import type { Condition, Problem } from '../model/resource.ts'
import { refKey, refOf } from '../model/resources.ts'

/**
 * A condition `Current=False` for each object that serves an older version than its file has, with what is wrong with
 * the newer one; the others carry none. Positions are of the newer text.
 */
export function heldConditions(held: readonly Held[], problems: readonly Problem[]): readonly Condition[] {
  return held.map(({ resource, since }) => {
    const about = refOf(resource)
    const [first, ...rest] = problems.filter(problem => isOf(problem, about))
    const wrong = (first === undefined ? [] : [first, ...rest]).map(
      ({ path, message }) => `${formatPath(path)}: ${message}`,
    )
    return {
      about,
      type: 'Current',
      status: 'False',
      reason: 'InvalidDeclaration',
      message:
        wrong.length === 0
          ? `keeps the version of ${since}; its file cannot be read as a whole`
          : wrong.join('; '),
      ...(first === undefined ? {} : { path: first.path, position: first.position }),
    }
  })
}

function isOf({ resource, severity }: Problem, about: Condition['about']): boolean {
  return resource !== null && severity === 'error' && refKey(resource) === refKey(about)
}
