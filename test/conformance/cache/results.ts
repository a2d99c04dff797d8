/** One of http-cache-tests. */
export interface Test {
  readonly id: string
  readonly kind?: 'required' | 'optimal' | 'check'
  readonly depends_on?: readonly string[]
  readonly browser_only?: boolean
}

/** By id. */
export type Results = Readonly<Record<string, true | readonly [kind: string, message: string] | undefined>>

export type Result = 'pass' | 'fail' | 'setup' | 'dependency' | 'untested'

/** As the suite itself judges (lib/display.mjs). */
export function resultOf(test: Test, results: Results, all: readonly Test[]): Result {
  const result = results[test.id]
  if (result === undefined) return 'untested'
  const needed = (test.depends_on ?? []).map(id => all.find(one => one.id === id))
  if (needed.some(one => one === undefined || resultOf(one, results, all) !== 'pass')) return 'dependency'
  if (result === true) return 'pass'
  return result[0] === 'Setup' ? 'setup' : 'fail'
}

export function passes(test: Test, results: Results, all: readonly Test[]): boolean {
  return resultOf(test, results, all) === 'pass'
}
