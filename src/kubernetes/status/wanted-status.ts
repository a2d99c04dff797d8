import { isIP } from 'node:net'
import { GATEWAY_API, groupOf, PORTCULLIS } from '../../model/kind.ts'
import type { Condition, Resource, ResourceKey } from '../../model/resource.ts'
import { keyOf, refKey } from '../../model/resources.ts'
import { fieldOf } from '../../model/words.ts'
import type { GatewayStatus } from '../../snapshot/contribution.ts'
import { CONTROLLER } from '../../translation/gateway-classes.ts'
import { SERVING } from '../../translation/serving-words.ts'

/** What is said of one object now. */
export interface Said {
  readonly resource: Resource
  /** The generation that is declared, where it is broken and an earlier one is in force. */
  readonly brokenGeneration?: number
  readonly conditions: readonly Condition[]
  /** Those of our classes, by their keys. */
  readonly gateways: ReadonlyMap<ResourceKey, GatewayStatus>
  /** Where Gateways are reached that name no addresses themselves. */
  readonly addresses: readonly string[]
  /** What a GatewayClass is told to have. */
  readonly features: readonly string[]
}

/** meta/v1 Condition. */
interface ApiCondition {
  readonly type: string
  readonly status: string
  readonly reason: string
  readonly message: string
  readonly observedGeneration: number
  readonly lastTransitionTime: string
}

/** The fields of a status that are written; what is not named stays as it is. */
export type StatusFields = Readonly<Record<string, unknown>>

/** Of the lists of conditions in Gateway API. */
const MOST_CONDITIONS = 8
/** RouteStatus. */
const MOST_PARENTS = 32
/** PolicyStatus (GEP-713). */
const MOST_ANCESTORS = 16
const MESSAGE_LENGTH = 32_768
/**
 * What translation says of classes, Gateways and listeners, in the standard's words and in ours: conditions of other types
 * are somebody else's.
 */
const ownTypes: ReadonlySet<unknown> = new Set([
  'Accepted',
  'Programmed',
  'ResolvedRefs',
  'Conflicted',
  'OverlappingTLSConfig',
  'InsecureFrontendValidationMode',
  'PartiallyInvalid',
  'NotServed',
  'Closed',
  'Enforced',
  'Current',
])

/**
 * What the status of an object is to be where it now is `before`: our own entries anew, those of others as they are.
 * Times of transition stay where the status of a condition stays. Null: nothing of it is ours to say. Pure.
 */
export function wantedStatus(said: Said, before: unknown, now: string): StatusFields | null {
  const { apiVersion, kind } = said.resource
  if (kind === 'GatewayClass') return ofClass(said, before, now)
  if (kind === 'Gateway') return ofGateway(said, before, now)
  if (kind === 'ListenerSet') return ofListeners(said, before, now)
  if (kind.endsWith('Route')) return ofRoute(said, before, now)
  if (kind === 'Ingress') return ofIngress(said, before)
  const ancestors = ancestorsOf(said, before, now)
  if (groupOf(apiVersion) !== PORTCULLIS) return ancestors
  const own = said.conditions.filter(({ parent }) => parent === undefined)
  const old = fieldOf(before, 'conditions')
  const conditions = own.length === 0 && old === undefined ? {} : { conditions: timed(own, said, old, now) }
  const fields = { ...ancestors, ...conditions }
  return Object.keys(fields).length === 0 ? null : fields
}

function ofClass(said: Said, before: unknown, now: string): StatusFields | null {
  if (said.conditions.length === 0) return null
  const old = fieldOf(before, 'conditions')
  return {
    conditions: besideOthers(said.conditions, said, old, now),
    supportedFeatures: said.features.map(name => ({ name })),
  }
}

function ofGateway(said: Said, before: unknown, now: string): StatusFields | null {
  const { resource, conditions, gateways, addresses } = said
  const gateway = gateways.get(keyOf(resource))
  const fields = ofListeners(said, before, now)
  if (fields === null) return null
  const isProgrammed = conditions.some(
    ({ listener, type, status }) => listener === undefined && type === 'Programmed' && status === 'True',
  )
  const reached = gateway !== undefined && gateway.addresses.length > 0 ? gateway.addresses : addresses
  const attachedListenerSets = gateway?.attachedListenerSets ?? 0
  // Definitions of older releases do not have it, and would drop it each time.
  const isCounted = attachedListenerSets > 0 || fieldOf(before, 'attachedListenerSets') !== undefined
  return {
    addresses: (isProgrammed ? reached : []).map(value => ({
      type: isIP(value) === 0 ? 'Hostname' : 'IPAddress',
      value,
      // Definitions that do not have it have dropped what asked for it, too.
      ...(gateway?.routability !== undefined && { routability: gateway.routability }),
    })),
    ...fields,
    ...(isCounted && { attachedListenerSets }),
  }
}

/** What Gateways and ListenerSets have in common. */
function ofListeners(said: Said, before: unknown, now: string): StatusFields | null {
  const { resource, conditions, gateways } = said
  const status = gateways.get(keyOf(resource))
  if (conditions.length === 0 || (status === undefined && !wasServed(resource, before))) return null
  const own = conditions.filter(({ listener }) => listener === undefined)
  return {
    conditions: besideOthers(own, said, fieldOf(before, 'conditions'), now),
    listeners: (status?.listeners ?? []).map(listener => {
      const known = itemsOf(before, 'listeners').find(one => fieldOf(one, 'name') === listener.name)
      const was = fieldOf(known, 'conditions')
      const its = conditions.filter(one => one.listener === listener.name)
      return { ...listener, conditions: besideOthers(its, said, was, now) }
    }),
  }
}

/**
 * Whether we have said that it is in order. Where its class, or the Gateway of a ListenerSet, is gone, nobody else may
 * take that back; what others have said stays theirs.
 */
function wasServed({ kind }: Resource, before: unknown): boolean {
  const { valid, served } = SERVING[kind === 'Gateway' ? 'Gateway' : 'ListenerSet']
  return itemsOf(before, 'conditions').some(one => {
    const message = fieldOf(one, 'message')
    return fieldOf(one, 'status') === 'True' && (message === valid || message === served)
  })
}

function ofRoute(said: Said, before: unknown, now: string): StatusFields | null {
  const { resource, gateways } = said
  // What is no Gateway of ours, or is not there, may be meant for another controller: a mesh has Services as parents.
  const conditions = said.conditions.filter(
    ({ parent }) => parent === undefined || gateways.has(refKey(parent)),
  )
  const entries = itemsOf(before, 'parents')
  const others = entries.filter(one => !isOwn(one))
  const refs = itemsOf(fieldOf(resource.body, 'spec'), 'parentRefs')
  const whole = conditions.filter(({ parent }) => parent === undefined)
  const parents = refs.flatMap(parentRef => {
    const its = conditions.filter(
      ({ parent }) => parent !== undefined && isMeant(parentRef, parent, resource),
    )
    if (its.length === 0) return []
    const old = entries.find(one => isOwn(one) && sameFields(fieldOf(one, 'parentRef'), parentRef))
    const own = timed([...its, ...whole], said, fieldOf(old, 'conditions'), now)
    return [{ parentRef, controllerName: CONTROLLER, conditions: own }]
  })
  return entries.length === others.length && parents.length === 0
    ? null
    : { parents: [...others, ...parents.slice(0, Math.max(0, MOST_PARENTS - others.length))] }
}

/** An Ingress has no conditions, but where it is reached: what is not ours to serve has nothing said of it. */
function ofIngress({ conditions, addresses }: Said, before: unknown): StatusFields | null {
  const accepted = conditions.find(({ type }) => type === 'Accepted')
  if (accepted === undefined) return null
  const reached = accepted.status === 'True' ? addresses : []
  const known = itemsOf(fieldOf(before, 'loadBalancer'), 'ingress')
  if (reached.length === 0 && known.length === 0) return null
  return {
    loadBalancer: {
      ingress: reached.map(value => (isIP(value) === 0 ? { hostname: value } : { ip: value })),
    },
  }
}

function isMeant(ref: unknown, parent: NonNullable<Condition['parent']>, { metadata }: Resource): boolean {
  const {
    group = GATEWAY_API,
    kind = 'Gateway',
    name,
    namespace = metadata.namespace,
    sectionName,
    port,
  } = ref as ParentRef
  return (
    parent.group === group &&
    parent.kind === kind &&
    parent.name === name &&
    parent.namespace === namespace &&
    parent.sectionName === sectionName &&
    parent.port === port
  )
}

/** As it passed the schema of routes. */
interface ParentRef {
  readonly group?: string
  readonly kind?: string
  readonly name: string
  readonly namespace?: string
  readonly sectionName?: string
  readonly port?: number
}

function ancestorsOf(said: Said, before: unknown, now: string): StatusFields | null {
  const entries = itemsOf(before, 'ancestors')
  const others = entries.filter(one => !isOwn(one))
  const byParent = Map.groupBy(
    said.conditions.filter(({ parent }) => parent !== undefined),
    ({ parent }) => JSON.stringify(parent),
  )
  // Parsed, so that fields without a value are not there, as they come back from the server.
  const own = Array.from(byParent, ([parent, its]) => {
    const ancestorRef = JSON.parse(parent) as unknown
    const old = entries.find(one => isOwn(one) && sameFields(fieldOf(one, 'ancestorRef'), ancestorRef))
    const conditions = timed(its, said, fieldOf(old, 'conditions'), now)
    return { ancestorRef, controllerName: CONTROLLER, conditions }
  })
  if (entries.length === others.length && own.length === 0) return null
  return { ancestors: [...others, ...own.slice(0, Math.max(0, MOST_ANCESTORS - others.length))] }
}

function timed(
  conditions: readonly Condition[],
  { resource, brokenGeneration }: Said,
  before: unknown,
  now: string,
): ApiCondition[] {
  const old = Array.isArray(before) ? (before as readonly unknown[]) : []
  const { generation = 0 } = resource.metadata
  const types = new Map(conditions.map(one => [one.type, one]))
  return [...types.values()].slice(0, MOST_CONDITIONS).map(({ type, status, reason, message }) => {
    const same = old.find(one => fieldOf(one, 'type') === type && fieldOf(one, 'status') === status)
    const since = fieldOf(same, 'lastTransitionTime')
    return {
      type,
      status,
      reason,
      message: message.slice(0, MESSAGE_LENGTH),
      // Of what is in force all else is said.
      observedGeneration: type === 'Current' ? (brokenGeneration ?? generation) : generation,
      lastTransitionTime: typeof since === 'string' ? since : now,
    }
  })
}

/** Ours, and behind them what others have put there. A type that is there twice would have the whole status refused. */
function besideOthers(conditions: readonly Condition[], said: Said, before: unknown, now: string): unknown[] {
  const own = timed(conditions, said, before, now)
  const types = new Set<unknown>(own.map(({ type }) => type))
  const others = (Array.isArray(before) ? (before as readonly unknown[]) : []).filter(one => {
    const type = fieldOf(one, 'type')
    return !types.has(type) && !ownTypes.has(type)
  })
  return [...own, ...others].slice(0, MOST_CONDITIONS)
}

function isOwn(entry: unknown): boolean {
  return fieldOf(entry, 'controllerName') === CONTROLLER
}

function sameFields(a: unknown, b: unknown): boolean {
  return JSON.stringify(inOrder(a)) === JSON.stringify(inOrder(b))
}

function inOrder(value: unknown): unknown {
  return typeof value === 'object' && value !== null
    ? Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1))
    : value
}

function itemsOf(value: unknown, field: string): readonly unknown[] {
  const items = fieldOf(value, field)
  return Array.isArray(items) ? items : []
}
