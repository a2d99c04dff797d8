import type { ResourceKind } from '../../model/kind.ts'
import type { Kinds } from '../../model/kinds.ts'
import { Service } from '../../model/kinds/service.ts'
import { formatPosition } from '../../model/problem.ts'
import type { Condition, ResourceRef } from '../../model/resource.ts'
import { shortName, type Resources } from '../../model/resources.ts'
import { memoized } from '../../snapshot/memo.ts'
import { targetName } from '../../snapshot/cluster-name.ts'
import type { Rule } from '../../snapshot/rule.ts'
import type { Port } from '../../snapshot/snapshot.ts'

/** Which policies say how a port or a cluster behaves, as the end of a line: `; ingress: ClientPolicy/default/strict (a.yaml:3:1)`, or "". */
export interface PolicyNames {
  ofPort(port: Port): string
  ofCluster(name: string): string
  /** Why what may protect a rule on a listener (Listener.name) is not in force, and closes it: a line each. */
  closing(rule: Rule, listener: string): readonly string[]
}

export const noPolicies: PolicyNames = { ofPort: () => '', ofCluster: () => '', closing: () => [] }

const known = new WeakMap<readonly Condition[], PolicyNames>()

/**
 * Read from the conditions that accept them: a policy that was refused has none of the say. What was read of the same
 * conditions is kept, for whoever shows one page after another.
 */
export function policyNames(
  conditions: readonly Condition[],
  resources: Resources,
  kinds: Kinds,
): PolicyNames {
  return memoized(known, conditions, () => read(conditions, resources, kinds))
}

function read(conditions: readonly Condition[], resources: Resources, kinds: Kinds): PolicyNames {
  const accepted = conditions.flatMap(({ about, type, status, parent }) => {
    if (type !== 'Accepted' || status !== 'True' || parent === undefined) return []
    const kind = kinds.find(about.group, about.kind)
    return kind?.limits === undefined ? [] : [{ kind, about, parent }]
  })
  const closings = conditions.filter(({ type, status }) => type === 'Closed' && status === 'True')
  const named = (limits: ResourceKind['limits'], has: (parent: Parent) => boolean) => {
    const names = accepted.flatMap(({ kind, about, parent }) =>
      kind.limits === limits && has(parent) ? [nameOf(kind, about, resources)] : [],
    )
    // A policy may be accepted for several targets that are one port here.
    return [...new Set(names)].join('')
  }
  return {
    ofPort: ({ listeners }) => named('clients', parent => listeners.some(({ name }) => isOn(parent, name))),
    ofCluster: name => named('backends', parent => isOf(parent, targetName(name), resources)),
    closing: (rule, listener) =>
      closings
        .filter(one => closes(one, rule, listener))
        .map(({ about, message }) => `${shortName(about)} ${message}`),
  }
}

function nameOf(kind: ResourceKind, about: ResourceRef, resources: Resources): string {
  const at = resources.get(kind, about.namespace, about.name)?.at([])
  return `; ${kind.role}: ${shortName(about)}${at == null ? '' : ` (${formatPosition(at)})`}`
}

/** One that is about the route, and not other rules of it alone, or about the Gateway, and no other listener of it. */
function closes(
  { about, message, listener: section }: Condition,
  { origin }: Rule,
  listener: string,
): boolean {
  if (shortName(about) === origin.resource)
    return !message.includes('spec.rules[') || message.includes(`${origin.path}: `)
  return isOn({ ...about, ...(section !== undefined && { sectionName: section }) }, listener)
}

type Parent = NonNullable<Condition['parent']>

/** `listener` is a Listener.name. */
function isOn({ kind, namespace, name, sectionName }: Parent, listener: string): boolean {
  if (kind === 'ListenerSet') {
    const added = `/${namespace}:${name}:`
    return sectionName === undefined ? listener.includes(added) : listener.endsWith(added + sectionName)
  }
  if (kind !== 'Gateway') return false
  const gateway = `${namespace}/${name}/`
  return sectionName === undefined ? listener.startsWith(gateway) : listener === gateway + sectionName
}

/** `target` is `Backend/namespace/name` or `Service/namespace/name:port`. */
function isOf(parent: Parent, target: string, resources: Resources): boolean {
  const key = shortName(parent)
  if (parent.kind !== 'Service') return target === key
  if (parent.sectionName === undefined) return target.startsWith(`${key}:`)
  const ports = resources.get(Service, parent.namespace, parent.name)?.body.spec?.ports ?? []
  return ports.some(({ name, port }) => name === parent.sectionName && target === `${key}:${port}`)
}
