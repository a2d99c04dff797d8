import { HINT_ORIGIN, type RequestHead } from '../http/head.ts'
import type { Fields } from '../http/fields.ts'
import type { FilterConfig } from '../snapshot/rule.ts'
import type { FilterType, LocalResponse } from './filter.ts'
import { Note } from './notes.ts'
import { compileOrigins } from './origins.ts'

/** Gateway API HTTPCORSFilter. */
export interface CorsConfig extends FilterConfig {
  readonly type: 'cors'
  readonly allowOrigins: readonly string[]
  readonly allowCredentials: boolean
  readonly allowMethods: readonly string[]
  readonly allowHeaders: readonly string[]
  readonly exposeHeaders: readonly string[]
  readonly maxAgeSeconds: number
}

/**
 * Gateway API HTTPCORSFilter, by the Fetch standard's CORS protocol. Preflights
 * are answered here (204, whether allowed or not: the browser decides by the
 * fields); other responses get the fields for their Origin. The upstream's own
 * CORS fields are taken out: two opinions in one response allow nothing.
 */
export const cors: FilterType<CorsConfig> = {
  type: 'cors',
  role: 'ingress',
  phase: 'cors',
  describe: ({ allowOrigins }) => `cors for ${allowOrigins.join(', ')}`,
  compile(config) {
    const policy = compilePolicy(config)
    return {
      request(x) {
        if ((x.request.hints & HINT_ORIGIN) === 0) return undefined
        const origin = x.request.fields.combined('origin')
        if (origin === undefined) return undefined
        const allowOrigin = policy.allowOrigin(origin)
        const preflight = isPreflight(x.request)
        x.notes.set(decisions, [...(x.notes.get(decisions) ?? []), { policy, allowOrigin, preflight }])
        return preflight ? answerPreflight(policy, allowOrigin, x.request) : undefined
      },
      response(x) {
        const { fields } = x.response
        const all = (x.request.hints & HINT_ORIGIN) === 0 ? undefined : x.notes.get(decisions)
        const decision = all?.find(one => one.policy === policy)
        if (decision?.preflight === true) return
        // Also without an Origin: a cache must not give that response to a page that has one (Fetch, "CORS protocol and HTTP caches").
        varyByOrigin(fields)
        if (decision === undefined) return
        for (const name of responseNames) fields.remove(name)
        if (decision.allowOrigin !== null) share(policy, decision.allowOrigin, fields)
      },
    }
  },
}

/** Of each policy that a request meets; remembered, because later filters may take the origin from what goes upstream. */
const decisions = new Note<readonly Decision[]>('cors')

interface Decision {
  readonly policy: Policy
  /** The value of Access-Control-Allow-Origin, or null where the origin is not allowed. */
  readonly allowOrigin: string | null
  readonly preflight: boolean
}

interface Policy {
  allowOrigin(origin: string): string | null
  readonly credentials: boolean
  /** Null: nothing to say. `*`: whatever is asked for. */
  readonly methods: string | null
  readonly headers: string | null
  readonly expose: string | null
  readonly maxAge: string
}

const responseNames = [
  'access-control-allow-origin',
  'access-control-allow-credentials',
  'access-control-allow-methods',
  'access-control-allow-headers',
  'access-control-expose-headers',
  'access-control-max-age',
]

function compilePolicy(config: CorsConfig): Policy {
  const allows = compileOrigins(config.allowOrigins)
  const anyone = config.allowOrigins.includes('*') && !config.allowCredentials
  return {
    allowOrigin: origin => (allows(origin) ? (anyone ? '*' : origin) : null),
    credentials: config.allowCredentials,
    methods: joined(config.allowMethods),
    headers: joined(config.allowHeaders),
    expose: joined(config.exposeHeaders),
    maxAge: String(config.maxAgeSeconds),
  }
}

function joined(names: readonly string[]): string | null {
  if (names.length === 0) return null
  return names.includes('*') ? '*' : names.join(', ')
}

/** Fetch, "CORS-preflight request". An OPTIONS without Access-Control-Request-Method is the upstream's business. */
function isPreflight(head: RequestHead): boolean {
  return head.method === 'OPTIONS' && head.fields.has('access-control-request-method')
}

function answerPreflight(policy: Policy, allowOrigin: string | null, head: RequestHead): LocalResponse {
  if (allowOrigin === null) return { status: 204, fields: ['Vary', 'Origin'], body: '' }
  const fields = ['Access-Control-Allow-Origin', allowOrigin]
  const say = (name: string, value: string | null | undefined): void => {
    if (value !== null && value !== undefined) fields.push(name, value)
  }
  say('Access-Control-Allow-Credentials', policy.credentials ? 'true' : null)
  say(
    'Access-Control-Allow-Methods',
    granted(policy.methods, head.fields.get('access-control-request-method')),
  )
  say(
    'Access-Control-Allow-Headers',
    granted(policy.headers, head.fields.combined('access-control-request-headers')),
  )
  say('Access-Control-Expose-Headers', policy.expose === '*' && policy.credentials ? null : policy.expose)
  say('Access-Control-Max-Age', policy.maxAge)
  say('Vary', 'Origin')
  return { status: 204, fields, body: '' }
}

/**
 * A wildcard is answered with what was asked for: with credentials `*` is a name
 * like any other, and without them it still does not cover Authorization (Fetch,
 * "CORS-preflight fetch"). Only names are echoed.
 */
function granted(allowed: string | null, asked: string | undefined): string | null | undefined {
  if (allowed !== '*') return allowed
  return asked !== undefined && /^[\w!#$%&'*+.^`|~, \t-]+$/.test(asked) ? asked : null
}

function share(policy: Policy, allowOrigin: string, fields: Fields): void {
  const expose = policy.expose === '*' && policy.credentials ? namesOf(fields) : policy.expose
  fields.add('Access-Control-Allow-Origin', allowOrigin)
  if (policy.credentials) fields.add('Access-Control-Allow-Credentials', 'true')
  if (expose !== null && expose !== '') fields.add('Access-Control-Expose-Headers', expose)
}

/** With credentials `*` would be a literal name, so the names are written out. */
function namesOf({ list }: Fields): string {
  return [...new Set(list.filter((_, i) => i % 2 === 0))].join(', ')
}

function varyByOrigin(fields: Fields): void {
  const vary = fields.combined('vary')
  if (vary === undefined || !/(?:^|[,\s])(?:origin|\*)(?:$|[,\s])/i.test(vary)) fields.add('Vary', 'Origin')
}
