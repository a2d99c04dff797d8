import type { FieldPath, Resource } from '../../../model/resource.ts'
import type { Origin } from '../../../snapshot/origin.ts'
import { originFor } from '../../../translation/origin.ts'

/** Where a part of the snapshot was written that this role contributes. */
export function originOf(resource: Resource, path: FieldPath): Origin {
  return originFor('management', resource, path)
}
