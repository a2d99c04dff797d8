import type { Position, ResourceRef } from '../model/resource.ts'
import type { Origin } from './origin.ts'

/** The object that put a part of the snapshot there, and where that is written; null for what came from no file. */
export function declaredBy({ resource, group, file, line, column }: Origin): {
  readonly about: ResourceRef
  readonly position: Position | null
} {
  const [kind = '', namespace = '', name = ''] = resource.split('/')
  return {
    about: { group, kind, namespace, name },
    position: file === '' ? null : { file, line, column },
  }
}
