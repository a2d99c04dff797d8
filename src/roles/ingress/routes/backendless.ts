import type { FieldPath } from '../../../model/resource.ts'
import type { Doubt } from '../../../translation/report.ts'

/**
 * Why a rule that forwards never has anywhere to forward to, though nothing of it is invalid; null where it has.
 * `answer` says what its clients get.
 */
export function backendless(
  refs: readonly { readonly weight?: number }[],
  path: FieldPath,
  answer: string,
): Doubt | null {
  const at = [...path, 'backendRefs']
  if (refs.length === 0)
    return {
      severity: 'error',
      reason: 'NoBackend',
      path: at,
      message: `names no backend, so that ${answer}; expected at least one`,
    }
  if (refs.some(({ weight = 1 }) => weight > 0)) return null
  return {
    severity: 'error',
    reason: 'NoWeight',
    path: at,
    message: `every weight is 0, so that ${answer}; expected a weight of at least 1`,
  }
}
