import type { AddressListConfig } from '../../../filters/address-list.ts'
import type { FallbackConfig } from '../../../filters/fallback/fallback.ts'
import type { BulkheadConfig } from '../../../filters/bulkhead/bulkhead.ts'
import type { BasicAuthConfig } from '../../../filters/basic-auth/basic-auth.ts'
import type { PriorityConfig } from '../../../filters/priority.ts'
import type { LimitConfig, RateLimitConfig } from '../../../filters/rate-limit/rate-limit.ts'
import type { LocalRepliesConfig } from '../../../filters/local-replies/local-replies.ts'
import type { CacheConfig } from '../../../filters/cache/config.ts'
import type { Layered } from '../../../filters/layered.ts'
import { trafficDefaults } from '../../../model/defaults.ts'
import { durationMs } from '../../../model/quantity.ts'
import { PORTCULLIS } from '../../../model/kind.ts'
import { Secret } from '../../../model/kinds/secret.ts'
import { TrafficPolicy, windowMs, type RateLimit } from '../../../model/kinds/traffic-policy.ts'
import { refKey } from '../../../model/resources.ts'
import type { AttachPoint, Attachment, Contribution } from '../../../snapshot/contribution.ts'
import type { FilterConfig } from '../../../snapshot/rule.ts'
import { exceptionsOf } from '../../../translation/exceptions.ts'
import type { Grants } from '../../../translation/grants.ts'
import { missing, notPermitted } from '../../../translation/missing.ts'
import { originOf } from '../origin.ts'
import {
  accept,
  attachmentsOf,
  parentOf,
  policyName,
  type PolicyAttachment,
} from '../../../translation/policies.ts'
import type { BackendRefs } from '../backends/backend-refs.ts'
import type { Doubt, Flaw } from '../../../translation/report.ts'
import { protectedScope, type PolicyWorld } from '../../../translation/policy-target.ts'
import type { Scope } from '../../../translation/targetable.ts'
import { cacheOf } from './cache.ts'
import { localRepliesOf } from './local-replies.ts'
import { fallbackOf, otherBackend } from './fallback.ts'
import { attachmentOf, OnePerPlace } from './settings.ts'
import { usersOf, type Users } from './users.ts'

const { bulkhead: defaults } = trafficDefaults

/** What TrafficPolicies need of the world. */
interface TrafficWorld extends PolicyWorld {
  readonly grants: Grants
  readonly backends: BackendRefs
}

interface TrafficFilters extends Required<Pick<Contribution, 'attach' | 'tables'>> {
  readonly policyOf: ReadonlyMap<FilterConfig, TrafficPolicy>
}

/** Where a policy stands, and the cluster of its other backend for what is there; null where there is none. */
interface Target extends Scope {
  readonly forwardsTo: string | null
}

/** All of them are enforced. One whose users cannot be had closes what it is for: without it everybody would pass. */
export function trafficPolicies(world: TrafficWorld): TrafficFilters {
  const attach: Attachment[] = []
  const policyOf = new Map<FilterConfig, TrafficPolicy>()
  const tables: Record<string, Users['rows']> = {}
  const settings = new OnePerPlace()
  for (const policy of world.resources.all(TrafficPolicy)) {
    const made = filtersOf(policy, world)
    if ('users' in made && made.users !== null) tables[made.users.table] = made.users.rows
    for (const { at, what, forwardsTo } of targetsOf(policy, 'flaw' in made ? made.flaw : null, world)) {
      if (!('filters' in made)) continue
      for (const one of made.filters) {
        const filter = one.type === 'fallback' && forwardsTo !== null ? { ...one, forwardsTo } : one
        if (isCriticalForAll(at, filter)) world.report.doubt(policy, nothingShed(what))
        const { left, doubt } = settings.claim(at, what, filter, policyName(policy))
        if (doubt !== null) world.report.doubt(policy, doubt)
        if (left === null) continue
        policyOf.set(left, policy)
        attach.push(attachmentOf(at, left))
      }
    }
  }
  return { attach, tables, policyOf }
}

/** What is there of what it targets, with a condition for each. */
function targetsOf(policy: TrafficPolicy, flaw: Flaw | null, world: TrafficWorld): Target[] {
  const { closing, report } = world
  // Of a Gateway, what it says of other things is no protection of this kind.
  const alike = (): PolicyAttachment<TrafficPolicy>[] =>
    attachmentsOf(world.resources.all(TrafficPolicy).filter(mayOpen)).filter(
      ({ policy: other, target }) =>
        !['Gateway', 'ListenerSet'].includes(target.kind) ||
        guardsOf(policy).every(one => guardsOf(other).includes(one)),
    )
  return attachmentsOf([policy]).flatMap(attachment => {
    const target = protectedScope(attachment, world, mayOpen(policy) ? alike : null)
    if (target === null) return []
    accept(attachment, report, `attached to ${target.what}`)
    const parent = parentOf(attachment)
    if (flaw !== null) {
      const message = `${flaw.message}; ${target.what}, which would be served without a password, is closed instead: answered 500 (protection_missing)`
      report.bad(policy, 'ResolvedRefs', [{ ...flaw, message }], { parent })
      const by = `TrafficPolicy ${policyName(policy)} protects it and has no users; answered 500 (protection_missing)`
      closing.close(target, originOf(policy, flaw.path), { message: by, follows: true })
    }
    const other = otherBackend(policy, target.object.kind, world.backends)
    if (other !== null && typeof other !== 'string') {
      const message = `${other.message}; no other backend is asked for ${target.what}`
      report.bad(policy, 'ResolvedRefs', [{ ...other, message }], { parent })
    } else if (flaw === null && (other !== null || policy.body.spec.basicAuth !== undefined))
      report.good(policy, 'ResolvedRefs', 'ResolvedRefs', 'every reference is resolved', { parent })
    return [{ ...target, forwardsTo: typeof other === 'string' ? other : null }]
  })
}

/** Whether something is open to others without it: it does more than set what is served how. */
function mayOpen(policy: TrafficPolicy): boolean {
  return guardsOf(policy).length > 0
}

/** What of it keeps somebody out. */
function guardsOf({ body: { spec } }: TrafficPolicy) {
  return (['addresses', 'rateLimits', 'basicAuth'] as const).filter(field => spec[field] !== undefined)
}

interface Made {
  readonly filters: readonly FilterConfig[]
  readonly users: { readonly table: string; readonly rows: Users['rows'] } | null
}

function filtersOf(policy: TrafficPolicy, world: TrafficWorld): Made | { readonly flaw: Flaw } {
  const { basicAuth } = policy.body.spec
  const open = [
    ...addressLists(policy),
    ...rateLimits(policy),
    ...replies(policy),
    ...caches(policy),
    ...bulkheads(policy),
    ...fallbacks(policy),
    ...ranks(policy),
  ]
  if (basicAuth === undefined) return { filters: open, users: null }
  const users = usersFor(policy, basicAuth.secretRef, world)
  if ('message' in users) return { flaw: users }
  return { filters: [...open, passwords(policy, basicAuth, users.table)], users }
}

function common(policy: TrafficPolicy, part: string) {
  const { metadata, body } = policy
  return {
    origin: originOf(policy, ['spec', part]),
    policy: policyName(policy),
    except: exceptionsOf(body.spec.except, metadata.namespace),
  }
}

function addressLists(policy: TrafficPolicy): AddressListConfig[] {
  const { addresses } = policy.body.spec
  if (addresses === undefined) return []
  const { allow = null, deny = [] } = addresses
  return [{ type: 'address-list', ...common(policy, 'addresses'), allow, deny }]
}

function rateLimits(policy: TrafficPolicy): RateLimitConfig[] {
  const { rateLimits: limits } = policy.body.spec
  if (limits === undefined) return []
  return [{ type: 'rate-limit', ...common(policy, 'rateLimits'), limits: limits.map(limitOf) }]
}

function replies(policy: TrafficPolicy): LocalRepliesConfig[] {
  const { localReplies } = policy.body.spec
  if (localReplies === undefined) return []
  return [{ type: 'local-replies', ...layerOf(policy, 'localReplies', localRepliesOf(localReplies)) }]
}

function caches(policy: TrafficPolicy): CacheConfig[] {
  const { cache } = policy.body.spec
  return cache === undefined ? [] : [{ type: 'cache', ...layerOf(policy, 'cache', cacheOf(cache)) }]
}

/** Of a part that is settings: other policies may say other fields of it. */
function layerOf<S extends object>(
  policy: TrafficPolicy,
  part: string,
  said: Partial<S>,
): Pick<Layered<S>, 'origin' | 'layers'> {
  const { origin, ...layer } = common(policy, part)
  return { origin, layers: [{ ...layer, said }] }
}

function ranks(policy: TrafficPolicy): PriorityConfig[] {
  const { priority } = policy.body.spec
  return priority === undefined ? [] : [{ type: 'priority', ...common(policy, 'priority'), priority }]
}

function fallbacks(policy: TrafficPolicy): FallbackConfig[] {
  const { fallback } = policy.body.spec
  return fallback === undefined
    ? []
    : [{ type: 'fallback', ...common(policy, 'fallback'), ...fallbackOf(fallback) }]
}

function bulkheads(policy: TrafficPolicy): BulkheadConfig[] {
  const { bulkhead } = policy.body.spec
  if (bulkhead === undefined) return []
  const { maxParallelRequests, maxPending = defaults.maxPending, maxWait } = bulkhead
  const maxWaitMs = (maxWait === undefined ? undefined : durationMs(maxWait)) ?? defaults.maxWaitMs
  return [{ type: 'bulkhead', ...common(policy, 'bulkhead'), maxParallelRequests, maxPending, maxWaitMs }]
}

/** Of a Gateway, a ListenerSet or a listener. */
function isCriticalForAll(at: AttachPoint, filter: FilterConfig): boolean {
  const isWide = at === 'all' || 'gateway' in at || 'listenerSet' in at || 'listener' in at
  return isWide && 'priority' in filter && filter.priority === 'Critical'
}

function nothingShed(what: string): Doubt {
  return {
    severity: 'warning',
    reason: 'NothingShed',
    path: ['spec', 'priority'],
    message: `all that comes by ${what} is Critical: where there is too much to do nothing is refused of it before memory is short; expected Critical of the routes or rules that matter most`,
  }
}

function passwords(
  policy: TrafficPolicy,
  {
    realm = trafficDefaults.realm,
    userHeader,
    forwardCredentials = trafficDefaults.forwardCredentials,
  }: BasicAuth,
  users: string,
): BasicAuthConfig {
  const header = userHeader?.toLowerCase() ?? null
  return {
    type: 'basic-auth',
    ...common(policy, 'basicAuth'),
    users,
    realm,
    userHeader: header,
    forwardCredentials,
  }
}

function limitOf({
  name,
  requests,
  unit,
  burst = requests,
  by = trafficDefaults.by,
  header = '',
}: RateLimit): LimitConfig {
  const whose = by === 'Header' ? { header: header.toLowerCase() } : by === 'All' ? 'all' : 'address'
  return { name, requests, windowMs: windowMs[unit], burst, by: whose }
}

type BasicAuth = NonNullable<TrafficPolicy['body']['spec']['basicAuth']>

function usersFor(
  policy: TrafficPolicy,
  { group = '', kind = 'Secret', name, namespace = policy.metadata.namespace }: BasicAuth['secretRef'],
  { resources, grants, report }: TrafficWorld,
): NonNullable<Made['users']> | Flaw {
  const path = ['spec', 'basicAuth', 'secretRef']
  const home = policy.metadata.namespace
  if (group !== '' || kind !== 'Secret') {
    const message = `${kind} (group ${JSON.stringify(group)}) is not served, expected Secret (group "")`
    return { reason: 'InvalidKind', path, message }
  }
  // Before existence: without permission nothing is told about another namespace.
  if (
    !grants.permit(
      { group: PORTCULLIS, kind: policy.kind, namespace: home },
      { group, kind, namespace, name },
    )
  )
    return {
      reason: 'RefNotPermitted',
      path,
      ...notPermitted(resources, { kind, name, namespace }, { kind: policy.kind, namespace: home }),
    }
  const secret = resources.get(Secret, namespace, name)
  if (secret === undefined)
    return {
      reason: 'InvalidSecretRef',
      path,
      ...missing(resources, Secret, namespace, name, namespace !== home),
    }
  const users = usersOf(secret)
  if (typeof users === 'string')
    return { reason: 'InvalidSecretRef', path, message: `Secret ${namespace}/${name} ${users}` }
  for (const what of users.useless)
    report.doubt(policy, {
      severity: 'warning',
      reason: 'UnusableUser',
      path,
      message: `Secret ${namespace}/${name}: ${what}`,
    })
  return { table: `basic-auth ${refKey({ group, kind, namespace, name })}`, rows: users.rows }
}
