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
  // What a database says of its constraints is for nobody who fills in a form.
  const detail = code === 'exists' ? 'one of the same name is there already' : error.message
  return new AdminError(statuses[code], detail)
}

// Not by its class: what is loaded with the store need not be loaded before it.
function codeOf(error: unknown): StoreErrorCode | null {
  if (!(error instanceof Error) || error.name !== 'StoreError' || !('code' in error)) return null
  const { code } = error
  return typeof code === 'string' && Object.hasOwn(statuses, code) ? (code as StoreErrorCode) : null
}
