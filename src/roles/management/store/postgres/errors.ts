import { Retry } from '../engine.ts'
import { StoreError, type StoreErrorCode } from '../errors.ts'

/** SQLSTATEs (PostgreSQL documentation, appendix A) that say something of the database or of records. */
const states: Readonly<Record<string, StoreErrorCode>> = {
  '23503': 'referenced',
  '23505': 'exists',
  '25006': 'unavailable', // read-only: a standby
  '25P03': 'busy', // idle in a transaction for too long
  '28P01': 'unavailable', // wrong password
  '3D000': 'unavailable', // no such database
  '53100': 'unavailable', // disk full
  '53200': 'unavailable', // out of memory
  '53300': 'unavailable', // too many connections
  '55P03': 'busy', // lock timeout
  '57014': 'busy', // statement timeout
  '57P01': 'unavailable', // shutdown by an administrator
  '57P02': 'unavailable', // crash of another session
  '57P03': 'unavailable', // starting up or shutting down
  '57P05': 'unavailable', // idle session timeout
}
/** Serialization failure and deadlock: rolled back, to be run again. */
const again = new Set(['40001', '40P01'])

/** What `pg` has thrown as an error of the store, or as it is where a query is wrong. */
export function storeErrorOf(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error))
  if (error instanceof StoreError) return error
  const state = sqlState(error)
  // Without one it is no answer of the server: nothing is there, nothing came in time, the connection broke.
  if (state === null) return new StoreError('unavailable', `postgres: ${reason(error)}`, { cause: error })
  if (again.has(state)) return new Retry(error.message, { cause: error })
  const code = states[state] ?? (state.startsWith('08') ? 'unavailable' : null)
  return code === null ? error : new StoreError(code, `postgres: ${error.message}`, { cause: error })
}

/** Whether the connection is of no use any more. */
export function breaks(error: Error): boolean {
  const cause = error instanceof StoreError ? error.cause : error
  const state = cause instanceof Error ? sqlState(cause) : null
  return state === null || /^(08|57P|25P03)/.test(state)
}

function sqlState(error: Error): string | null {
  const code = 'code' in error ? error.code : null
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !/^E[A-Z]{4}$/.test(code) ? code : null
}

/** Of several addresses none could be connected to: Node says it without a message. */
function reason(error: Error): string {
  if (error instanceof AggregateError)
    return error.errors.map(one => String((one as Error).message)).join(', ')
  return error.message
}
