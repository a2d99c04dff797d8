import type { Fault } from '../schemas/checked.ts'

/** An answer, or an item of one, that does not fit the schema of its route. */
export class Misfit extends Error {
  override readonly name = 'Misfit'

  constructor(route: string, faults: readonly Fault[]) {
    super(
      `${route} answers what its schema does not allow: ${faults.map(({ at, message }) => `${at} ${message}`).join('; ')}`,
    )
  }
}
