import type { Case } from './cases.ts'
import { h2load } from './h2load.ts'
import type { Generator } from './load.ts'
import { ownLoad } from './own-load.ts'
import { wrk } from './wrk.ts'
import type { Credentials } from './wrk.ts'

export interface Generators {
  readonly wrk: string
  readonly h2load: string
}

/** What loads this case; `dir` is for its files, `credentials` are what requests show in turn. */
export function generatorOf(
  given: Case,
  programs: Generators,
  dir: string,
  credentials: Credentials = [],
): Generator {
  if (given.load === 'kept' && given.protocol === 'http/1.1')
    return wrk(programs.wrk, given, dir, credentials)
  if (given.load === 'kept' || given.load === 'grpc') return h2load(programs.h2load, given, dir)
  return ownLoad(given)
}
