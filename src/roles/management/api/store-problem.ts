import { AdminError } from '../../../api/errors.ts'
import type { StoreErrorCode } from '../store/errors.ts'

const statuses: Readonly<Record<StoreErrorCode, number>> = {
  unavailable: 503,
  busy: 503,
  exists: 409,
  missing: 404,
  changed: 412,
  referenced: 409,
  'not-empty': 409,
  invalid: 422,
  newer: 503,
}

/** What the store says, as whoever asked is told it. */
export function storeProblem(error: unknown): unknown {
  const code = codeOf(error)
  if (code === null || !(error instanceof Error)) return error
  return new AdminError(statuses[code], error.message)
}

// Not by its class: what is loaded with the store need not be loaded before it.
function codeOf(error: unknown): StoreErrorCode | null {
  if (!(error instanceof Error) || error.name !== 'StoreError' || !('code' in error)) return null
  const { code } = error
  return typeof code === 'string' && Object.hasOwn(statuses, code) ? (code as StoreErrorCode) : null
}
