import { StoreError } from '../errors.ts'

/** Primary result codes of SQLite (https://sqlite.org/rescode.html). */
const primary = {
  5: 'busy',
  6: 'busy',
  8: 'unavailable', // read-only
  10: 'unavailable', // I/O error
  11: 'invalid', // corrupt
  13: 'unavailable', // disk full
  14: 'unavailable', // cannot open
  26: 'invalid', // not a database
} as const

/** Extended ones, of constraints. */
const extended = { 787: 'referenced', 1555: 'exists', 2067: 'exists' } as const

/** What node:sqlite has thrown as an error of the store, or as it is where a query is wrong. */
export function storeErrorOf(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error))
  if (!('errcode' in error)) return error
  const code = Number(error.errcode)
  const known =
    extended[code as keyof typeof extended] ?? primary[(code & 0xff) as keyof typeof primary] ?? null
  return known === null ? error : new StoreError(known, `sqlite: ${error.message}`, { cause: error })
}
