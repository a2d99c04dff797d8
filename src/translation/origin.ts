import { formatPath } from '../model/problem.ts'
import { groupOf, type RoleName } from '../model/kind.ts'
import type { FieldPath, Resource } from '../model/resource.ts'
import type { Origin } from '../snapshot/origin.ts'

/** Where a part of the snapshot was written; without a position (objects that came from no file) the file is "" and line and column 0. */
export function originFor(role: RoleName, resource: Resource, path: FieldPath): Origin {
  const { kind, metadata } = resource
  const { file, line, column } = resource.at(path) ?? nowhere
  return {
    resource: `${kind}/${metadata.namespace}/${metadata.name}`,
    group: groupOf(resource.apiVersion),
    role,
    path: formatPath(path),
    file,
    line,
    column,
  }
}

const nowhere = { file: '', line: 0, column: 0 }
