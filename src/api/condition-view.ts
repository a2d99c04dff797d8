import { isGood } from '../model/conditions.ts'
import { formatPath } from '../model/problem.ts'
import type { Condition } from '../model/resource.ts'
import type * as shapes from './shapes/condition.ts'

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
