import { Type } from 'typebox'
import type { Resource } from '../resource.ts'
import { groupName, kindName, list, namespaceName, object, objectName, type Shape } from './shapes.ts'

/** gateway.networking.k8s.io ReferenceGrant, v1 and v1beta1 of release v1.6.1. */
export const referenceGrantSchema = object({
  spec: object({
    from: list(object({ group: groupName, kind: kindName, namespace: namespaceName }), 1, 16),
    to: list(object({ group: groupName, kind: kindName, name: Type.Optional(objectName) }), 1, 16),
  }),
})

export type ReferenceGrantBody = Shape<typeof referenceGrantSchema>
export type ReferenceGrant = Resource<ReferenceGrantBody>
