import { GATEWAY_API, type ResourceKind } from '../kind.ts'
import type { Resource } from '../resource.ts'
import { domainPrefixed, object, objectReference, optional, required, text, type Shape } from './shapes.ts'

/** gateway.networking.k8s.io GatewayClass, v1 and v1beta1 of release v1.7.0 (both channels are equal here). */
const gatewayClassSchema = object(
  {
    spec: required(
      object({
        controllerName: required(
          domainPrefixed(253),
          'Who serves Gateways of this class: portcullis.dev/gateway is us, and others are left alone.',
        ),
        description: optional(text(64), 'Words for people.'),
        parametersRef: optional(
          objectReference,
          'GatewayParameters, with their namespace, for each Gateway of the class; what a Gateway names itself goes before them. Whatever else it names, the class is not accepted.',
        ),
      }),
      'Whose Gateways of this class are.',
    ),
  },
  {
    description:
      'A kind of Gateways, and who serves them. The class "portcullis" is always there, and needs no GatewayClass.',
  },
)

export type GatewayClassBody = Shape<typeof gatewayClassSchema>
export type GatewayClass = Resource<GatewayClassBody>

export const GatewayClass: ResourceKind<GatewayClass> = {
  group: GATEWAY_API,
  versions: ['v1', 'v1beta1'],
  kind: 'GatewayClass',
  plural: 'gatewayclasses',
  scope: 'Cluster',
  role: 'ingress',
  schema: gatewayClassSchema,
}
