import { formatPath, formatPosition } from './problem.ts'
import type { Condition } from './resource.ts'
import { refKey } from './resources.ts'

/**
 * Types of which True is the bad news (Gateway API: GatewayConditionType, ListenerConditionType, RouteConditionType).
 * OverlappingTLSConfig is not among them: it is a property of wildcards, and everything is served as it is written.
 */
const negative: ReadonlySet<string> = new Set([
  'Conflicted',
  'PartiallyInvalid',
  'NotServed',
  'Closed',
  'RenewalFailed',
])

/** Whether a condition says that all is well. */
export function isGood({ type, status }: Condition): boolean {
  return status === (negative.has(type) ? 'False' : 'True')
}

/** What makes Programmed False, and says so itself. */
const causes: ReadonlySet<string> = new Set(['Accepted', 'ResolvedRefs', 'Conflicted'])

/** The conditions that are not good, but for those that only follow from another that is told. */
export function badConditions(conditions: readonly Condition[]): readonly Condition[] {
  const bad = conditions.filter(condition => !isGood(condition))
  const byObject = Map.groupBy(bad, ({ about }) => refKey(about))
  // What is closed is named by the object that closes it.
  return bad.filter(
    condition =>
      condition.type !== 'Closed' &&
      !byObject.get(refKey(condition.about))?.some(other => followsFrom(condition, other)),
  )
}

/** A line for each of them. */
export function complaintsOf(conditions: readonly Condition[]): readonly string[] {
  return badConditions(conditions).map(formatCondition)
}

/** Of two conditions of one object. One cause, such as a port in use, makes up to three conditions False; who has to mend it wants it said once. */
function followsFrom(condition: Condition, other: Condition): boolean {
  if (condition === other) return false
  if (condition.listener === other.listener && condition.parent === undefined)
    return condition.type === 'Programmed' && causes.has(other.type)
  if (condition.listener !== undefined || other.listener === undefined) return false
  return condition.reason === 'ListenersNotValid' || condition.message === other.message
}

/** `shop.yaml:14:9 HTTPRoute/items spec.rules[0] (for Gateway/front): ResolvedRefs=False BackendNotFound: …` */
export function formatCondition(condition: Condition): string {
  const { about, position, path = [], listener, parent, type, status, reason } = condition
  const where = position == null ? '' : `${formatPosition(position)} `
  const field = path.length === 0 ? '' : ` ${formatPath(path)}`
  const part = listener === undefined ? '' : ` listener ${listener}`
  const towards = parent === undefined ? '' : ` (for ${parent.kind}/${parent.name}${section(parent)})`
  return `${where}${about.kind}/${about.name}${field}${part}${towards}: ${type}=${status} ${reason}: ${messageOf(condition)}`
}

/** Statuses have no field for the path, so messages begin with it; a line that names it already need not. */
export function messageOf({ path = [], message }: Condition): string {
  const named = `${formatPath(path)}: `
  return path.length > 0 && message.startsWith(named) ? message.slice(named.length) : message
}

function section({ sectionName }: { readonly sectionName?: string }): string {
  return sectionName === undefined ? '' : `/${sectionName}`
}
