import { Type } from 'typebox'
import type { ResourceKind } from '../kind.ts'
import type { Resource } from '../resource.ts'
import { NETWORKING } from './ingress.ts'
import {
  domainPrefixed,
  groupName,
  kindName,
  namespaceName,
  object,
  objectName,
  optional,
  required,
  type Shape,
} from './shapes.ts'

/** networking.k8s.io IngressClass, v1. */
const ingressClassSchema = object(
  {
    spec: optional(
      object({
        controller: optional(
          domainPrefixed(250),
          'Who serves Ingresses of this class: portcullis.dev/ingress is us, and others are left alone.',
        ),
        parameters: optional(
          object({
            apiGroup: optional(groupName, 'The API group of the object.'),
            kind: required(kindName, 'The kind of the object.'),
            name: required(objectName, 'The name of the object.'),
            scope: optional(Type.Enum(['Cluster', 'Namespace']), 'Whether the object has a namespace.'),
            namespace: optional(namespaceName, 'The namespace of the object, for scope Namespace.'),
          }),
          'Parameters of a controller. Ours has none, so that with them the class is not accepted.',
        ),
      }),
      'Whose Ingresses of this class are.',
    ),
  },
  {
    description:
      'A kind of Ingresses, and who serves them. The class "portcullis" is always there, and needs no IngressClass; one of ours with the annotation ingressclass.kubernetes.io/is-default-class has those that name none.',
  },
)

export type IngressClassBody = Shape<typeof ingressClassSchema>
export type IngressClass = Resource<IngressClassBody>

export const IngressClass: ResourceKind<IngressClass> = {
  group: NETWORKING,
  versions: ['v1'],
  kind: 'IngressClass',
  plural: 'ingressclasses',
  scope: 'Cluster',
  role: 'ingress',
  schema: ingressClassSchema,
}
