import { isGood } from '../../control/conditions.ts'
import { formatPath } from '../../model/problem.ts'
import type { Condition, ResourceRef } from '../../model/resource.ts'
import { refKey } from '../../model/resources.ts'
import type * as shapes from '../../api/shapes/condition.ts'
import { pageByPlace } from './page.ts'

const indexes = new WeakMap<readonly Condition[], ReadonlyMap<string, readonly Condition[]>>()

/** Conditions by the key of the object that has them. */
function conditionIndex(conditions: readonly Condition[]): ReadonlyMap<string, readonly Condition[]> {
  let index = indexes.get(conditions)
  if (index === undefined)
    indexes.set(conditions, (index = Map.groupBy(conditions, ({ about }) => refKey(about))))
  return index
}

export function conditionsOf(conditions: readonly Condition[], about: ResourceRef): readonly Condition[] {
  return conditionIndex(conditions).get(refKey(about)) ?? []
}

export function conditionPage(
  conditions: readonly Condition[],
  query: shapes.ConditionQuery,
): shapes.Conditions {
  const { kind, namespace, name, type, good } = query
  const wanted = conditions.filter(
    condition =>
      (kind === undefined || condition.about.kind === kind) &&
      (namespace === undefined || condition.about.namespace === namespace) &&
      (name === undefined || condition.about.name === name) &&
      (type === undefined || condition.type === type) &&
      (good === undefined || isGood(condition) === good),
  )
  const page = pageByPlace(wanted, query)
  return { ...page, items: page.items.map(conditionView) }
}

export function conditionView(condition: Condition): shapes.Condition {
  const { about, parent, listener, type, status, reason, message, path = [], position } = condition
  return {
    object: about,
    parent:
      parent === undefined
        ? null
        : {
            group: parent.group,
            kind: parent.kind,
            namespace: parent.namespace,
            name: parent.name,
            sectionName: parent.sectionName ?? null,
          },
    listener: listener ?? null,
    type,
    status,
    good: isGood(condition),
    reason,
    message,
    path: formatPath(path),
    source: position ?? null,
  }
}
