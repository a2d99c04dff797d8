/** Into `spec.aggregate`, as `['routes', 0, 'parts', 'user', 'path']`. */
export type Place = readonly (string | number)[]

export interface Fault {
  readonly path: Place
  /** What is wrong, and what was expected. */
  readonly message: string
}

/** What is wrong with a declaration, all of it: who mends one thing is not to meet the next one after that. */
export class Faults {
  readonly all: Fault[] = []

  add(path: Place, message: string): void {
    this.all.push({ path, message })
  }

  /** What `make` throws as a TypeError is a fault of this place. */
  hold<T>(path: Place, make: () => T): T | null {
    try {
      return make()
    } catch (error) {
      if (!(error instanceof TypeError || error instanceof SyntaxError)) throw error
      this.add(path, error.message)
      return null
    }
  }
}

/** `spec.aggregate.routes[0].parts.user.path` */
export const written = (path: Place): string =>
  ['spec', 'aggregate', ...path]
    .map((step, i) => (typeof step === 'number' ? `[${step}]` : i === 0 ? step : `.${step}`))
    .join('')
