import { routeFinder, type Findable } from '../../../composition/manifest/route-finder.ts'
import type { Exchange, Failure, FilterType } from '../../../filters/filter.ts'
import { askedApiNote, type AskedApi } from '../../../filters/identity.ts'
import { passes } from '../../../filters/inspect.ts'
import { isWebSocket } from '../../../http/request-values.ts'
import { memoized } from '../../../snapshot/memo.ts'
import type { FilterConfig } from '../../../snapshot/rule.ts'
import type { Operation } from '../openapi/document.ts'
import { belowBase, operationMatcher } from '../openapi/matcher.ts'

/** Which API requests are for, and which operation of it. */
export interface ApiConfig extends FilterConfig {
  readonly type: 'api'
  /** `default/petstore` */
  readonly api: string
  readonly version: string
  /** What paths have before those of the operations; "" for nothing. */
  readonly basePath: string
  /** None where there is no document. */
  readonly operations: readonly Operation[]
  /** Set of what a composition answers: an operation is what its own router finds. */
  readonly routes: readonly RouteOfOperation[] | null
  readonly lifecycle: 'Draft' | 'Published' | 'Deprecated' | 'Retired'
  readonly deprecation: Farewell | null
}

/** A route of a composition; `operationId` is the id of an operation, unless nothing is known of what passes there. */
export interface RouteOfOperation extends Findable {
  readonly operationId: string
}

/** What clients of an API that is on its way out are told, as values of response fields. */
export interface Farewell {
  /** Deprecation (RFC 9745). */
  readonly deprecation: string
  /** Sunset (RFC 8594), or null. */
  readonly sunset: string | null
  /** Link (RFC 8288). */
  readonly links: readonly string[]
}

/**
 * Says which API and operation a request is for, for everyone behind it, and refuses what is not published, or not any
 * more, before anybody is asked for credentials.
 */
export const api: FilterType<ApiConfig> = {
  type: 'api',
  role: 'management',
  phase: 'api',
  describe,
  inspect(config, x) {
    const note = noter(config)
    const { operation } = note(x)
    const known = operation === '' ? 'none that the document has' : operation
    const facts = config.operations.length === 0 ? [] : [{ name: 'operation', value: known }]
    return { ...passes, facts, refusal: refusalOf(config) ?? null }
  },
  compile(config) {
    const { lifecycle, deprecation } = config
    const note = noter(config)
    const refusal = refusalOf(config)
    const says = deprecation !== null && lifecycle === 'Deprecated'
    return {
      request(x) {
        note(x)
        return refusal
      },
      ...(says && { response: x => sayFarewell(x, deprecation) }),
    }
  },
}

/** Writes down for everyone behind it which API and operation a request is for. */
function noter(config: ApiConfig): (x: Exchange) => AskedApi {
  const find = memoized(finders, config, finderOf)
  return ({ asked: { method, path }, request, notes }) => {
    const asked = find(method, path, isWebSocket(request))
    notes.set(askedApiNote, asked)
    return asked
  }
}

type Finder = (method: string, path: string, upgrade: boolean) => AskedApi

/** One for all rules of an API: a document may have thousands of operations. */
const finders = new WeakMap<ApiConfig, Finder>()

function finderOf({ api: name, version, basePath, operations, routes }: ApiConfig): Finder {
  const unknown = { api: name, version, operation: '' }
  if (operations.length === 0) return () => unknown
  const known = new Map(operations.map(({ id }) => [id, { api: name, version, operation: id }]))
  const match = routes === null ? operationMatcher(basePath, operations) : routeMatcher(basePath, routes)
  return (method, path, upgrade) => known.get(match(method, path, upgrade)) ?? unknown
}

function routeMatcher(
  basePath: string,
  routes: readonly RouteOfOperation[],
): (method: string, path: string, upgrade: boolean) => string {
  const find = routeFinder(routes)
  return (method, asked, upgrade) => {
    const path = belowBase(asked, basePath)
    return path === null ? '' : (find(method, path, upgrade)?.operationId ?? '')
  }
}

function refusalOf({ api: name, lifecycle, deprecation }: ApiConfig): Failure | undefined {
  if (lifecycle === 'Draft') return { failure: 'api_not_published', detail: name }
  if (lifecycle !== 'Retired') return undefined
  return { failure: 'api_retired', detail: name, ...(deprecation && { fields: fieldsOf(deprecation) }) }
}

function fieldsOf({ deprecation, sunset, links }: Farewell): string[] {
  return [
    'Deprecation',
    deprecation,
    ...(sunset === null ? [] : ['Sunset', sunset]),
    ...(links.length === 0 ? [] : ['Link', links.join(', ')]),
  ]
}

/** The gateway knows better than a backend how long the API is served; links may be of both. */
function sayFarewell({ response: { fields } }: Exchange, { deprecation, sunset, links }: Farewell): void {
  fields.set('Deprecation', deprecation)
  if (sunset !== null) fields.set('Sunset', sunset)
  if (links.length > 0) fields.add('Link', links.join(', '))
}

function describe({ api: name, version, operations, lifecycle, deprecation }: ApiConfig): string {
  const count = operations.length
  const known = count === 0 ? '' : `, ${count} operation${count === 1 ? '' : 's'}`
  const state = lifecycle === 'Published' ? '' : `, ${lifecycle.toLowerCase()}`
  const sunset = deprecation?.sunset == null ? '' : ` until ${deprecation.sunset}`
  return `${name} ${version}${known}${state}${sunset}`
}
