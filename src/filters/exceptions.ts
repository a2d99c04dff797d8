/** Requests that a policy's owner leaves out of it: what is given must all fit, of each list one member. */
export interface Exception {
  /** Beginnings of Rule.id up to the rule: `httproute/default/health/`; null: any. */
  readonly routes: readonly string[] | null
  readonly paths: readonly ExceptedPath[] | null
  readonly methods: readonly string[] | null
}

export interface ExceptedPath {
  /** A prefix matches whole segments, as in routes; without a trailing slash, "/" being "". Canonical. */
  readonly type: 'exact' | 'prefix'
  readonly value: string
}

/** What of a request decides: what the client asked for, and Rule.id of what takes it, or "". */
export interface Excepted {
  readonly asked: { readonly method: string; readonly path: string }
  readonly route: string
}

/** Whether a request is left out; null where none ever is. */
export function compileExceptions(exceptions: readonly Exception[]): ((x: Excepted) => boolean) | null {
  if (exceptions.length === 0) return null
  return x => exceptions.some(one => fits(one, x))
}

function fits({ routes, paths, methods }: Exception, { asked, route }: Excepted): boolean {
  if (methods !== null && !methods.includes(asked.method)) return false
  if (routes !== null && !routes.some(one => route.startsWith(one))) return false
  return paths === null || (!ambiguous.test(asked.path) && paths.some(path => matches(path, asked.path)))
}

/** What some backends read as a step up or as another segment (/health/..;/admin, /health%2Fadmin): it is left out of nothing. */
const ambiguous = /%2F|%5C|\/\.{1,2};/i

function matches({ type, value }: ExceptedPath, path: string): boolean {
  if (type === 'exact' || path.length === value.length) return path === value
  return path.startsWith(value) && path.charCodeAt(value.length) === 47
}
