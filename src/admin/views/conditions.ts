import { isGood } from '../../model/conditions.ts'
import { conditionView } from '../../api/condition-view.ts'
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
