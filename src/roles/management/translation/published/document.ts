import type { AttachPoint, Attachment } from '../../../../snapshot/contribution.ts'
import { policyName } from '../../../../translation/policies.ts'
import type { AuthenticationConfig } from '../../authentication/config.ts'
import { apiDefaults, productDefaults } from '../../kinds/defaults.ts'
import { alternativesOf, type Alternative } from '../../openapi/served/security.ts'
import { servedDocument, type Added } from '../../openapi/served/served.ts'
import type { ProblemStatus } from '../../openapi/served/answers.ts'
import type { ApiState } from '../apis.ts'
import { ruleId, type Cover } from '../covers.ts'
import type { Offer } from '../products.ts'

/** Stands in a text where the origin belongs by which the API is reached; no document has it. */
export const ORIGIN = '\u0001origin\u0001'

type Document = NonNullable<ApiState['document']>

/** All filters that policies and Products have put somewhere. */
export type Standing = readonly Attachment[]

/** The document of an API with what the gateway adds, as pieces between which the origin belongs. Null where it has none. */
export function piecesOf(
  { api, document, covers }: ApiState,
  offers: readonly Offer[],
  standing: Standing,
): readonly string[] | null {
  if (document === null) return null
  const { lifecycle = apiDefaults.lifecycle, basePath = apiDefaults.basePath, deprecation } = api.body.spec
  const here = covers.flatMap(cover => cover.rules.map(rule => standingAt(cover, rule, standing)))
  const has = (...types: readonly string[]): boolean =>
    here.some(filters => filters.some(({ type }) => types.includes(type)))
  const isLimited = has('plan', 'identity-limits')
  const farewell =
    deprecation === undefined ? 'none' : deprecation.sunset === undefined ? 'deprecated' : 'sunset'
  const mayGo = lifecycle === 'Retired' || farewell === 'sunset'
  const problems: readonly [ProblemStatus, boolean][] = [
    [401, has('authentication')],
    [403, has('plan', 'authorization')],
    [410, mayGo],
    [429, isLimited],
  ]
  const added: Added = {
    operations: operationsOf(offers, document),
    server: `${ORIGIN}${basePath === '' ? '/' : basePath}`,
    security: unique(here.map(filters => filters.filter(isAuthentication)).flatMap(alternativesOf)),
    isLimited,
    farewell,
    problems: problems.filter(([, is]) => is).map(([status]) => status),
  }
  return piecesIn(servedDocument(document.document, added))
}

/** Of a text of JSON. */
export function piecesIn(text: string): readonly string[] {
  return text.split(JSON.stringify(ORIGIN).slice(1, -1))
}

/** Those of its Products that everybody may see; where there are none, of all. Of a composition, what its routes let through. */
function operationsOf(offers: readonly Offer[], document: Document): readonly string[] | null {
  const open = offers.filter(isPublic)
  const counted = open.length === 0 ? offers : open
  const isAll = counted.length === 0 || counted.some(({ operations }) => operations === null)
  const opened = isAll ? null : [...new Set(counted.flatMap(({ operations }) => operations ?? []))]
  if (!('composition' in document) || document.operations.length === document.count) return opened
  const own = document.operations.map(({ id }) => id)
  return opened === null ? own : opened.filter(id => own.includes(id))
}

export function isPublic({ product }: Offer): boolean {
  return (product.body.spec.visibility ?? productDefaults.visibility) === 'Public'
}

function standingAt({ route }: Cover, rule: number, standing: Standing): readonly Attachment['filter'][] {
  const id = ruleId(route, rule)
  const whole = `${route.kind.toLowerCase()}/${policyName(route)}`
  const refs = route.body.spec.parentRefs ?? []
  const named = (wanted: string, between: string): string[] =>
    refs
      .filter(({ kind = 'Gateway' }) => kind === wanted)
      .map(({ namespace = route.metadata.namespace, name }) => `${namespace}${between}${name}`)
  const gateways = named('Gateway', '/')
  const sets = named('ListenerSet', ':')
  const isHere = (at: AttachPoint): boolean => {
    if (at === 'all') return true
    if ('rule' in at) return at.rule === id
    if ('route' in at) return at.route === whole
    if ('gateway' in at) return gateways.includes(at.gateway)
    if ('listenerSet' in at) return sets.includes(at.listenerSet.replace('/', ':'))
    return (
      'listener' in at &&
      (gateways.some(one => at.listener.startsWith(`${one}/`)) ||
        sets.some(one => at.listener.includes(`/${one}:`)))
    )
  }
  return [...new Set(standing.filter(({ at }) => isHere(at)).map(({ filter }) => filter))]
}

function isAuthentication(filter: Attachment['filter']): filter is AuthenticationConfig {
  return filter.type === 'authentication'
}

function unique(alternatives: readonly Alternative[]): readonly Alternative[] {
  const all = new Map(alternatives.map(one => [JSON.stringify(one), one]))
  // What has nothing in it is of a place without authentication; if all are, nothing is asked for.
  return [...all.values()].every(one => one.length === 0) ? [] : [...all.values()]
}
