import { Type } from 'typebox'
import type { Resource } from '../resource.ts'
import {
  domainPrefixed,
  groupName,
  kindName,
  namespaceName,
  object,
  objectName,
  text,
  type Shape,
} from './shapes.ts'

/** gateway.networking.k8s.io GatewayClass, v1 and v1beta1 of release v1.6.1 (both channels are equal here). */
export const gatewayClassSchema = object({
  spec: object({
    controllerName: domainPrefixed(253),
    description: Type.Optional(text(64)),
    parametersRef: Type.Optional(
      object({
        group: groupName,
        kind: kindName,
        name: objectName,
        namespace: Type.Optional(namespaceName),
      }),
    ),
  }),
})

export type GatewayClassBody = Shape<typeof gatewayClassSchema>
export type GatewayClass = Resource<GatewayClassBody>
