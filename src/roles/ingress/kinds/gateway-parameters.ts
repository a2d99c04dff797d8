import { Type } from 'typebox'
import { PORTCULLIS, type ResourceKind } from '../../../model/kind.ts'
import type { Resource } from '../../../model/resource.ts'
import {
  byteQuantity,
  integer,
  object,
  optional,
  pattern,
  record,
  required,
  type Shape,
} from '../../../model/kinds/shapes.ts'
import { gatewayServiceTypes } from '../../../translation/gateway-services.ts'

const processors = Type.Unsafe<number | string>({
  type: ['integer', 'string'],
  minimum: 0,
  maximum: 9999,
  pattern: '^([0-9]{1,4}([.][0-9]{1,3})?|[0-9]{1,7}m)$',
  expected: 'a number of processors like 2, "1.5" or "250m"',
})

const amounts = object(
  {
    cpu: optional(processors, 'Processors.'),
    memory: optional(byteQuantity, 'Bytes of memory.'),
  },
  { title: 'Amounts' },
)

const labelValue = pattern(
  '^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$',
  'a label value (letters, digits, "-", "_" and ".")',
  63,
  0,
)

const dataPlane = object({
  replicas: optional(
    integer(1, 100),
    'How many Pods. Left out, as many as the deployment itself has when they are made, and from then on whoever scales the Deployment says it, such as a HorizontalPodAutoscaler.',
  ),
  workers: optional(
    integer(1, 128),
    'Threads of each Pod that carry traffic. Left out, as many as those of the deployment have.',
  ),
  resources: optional(
    object({
      requests: optional(amounts, 'What the node must have left for a Pod.'),
      limits: optional(amounts, 'What a Pod may take at most.'),
    }),
    'Of each Pod. What is left out is as in the deployment.',
  ),
  nodeSelector: optional(
    record(labelValue, 16),
    'Labels of the nodes that Pods run on, beside those that the deployment asks for, which none may contradict.',
  ),
})

/** portcullis.dev/v1alpha1 GatewayParameters. */
const schema = object(
  {
    spec: required(
      object({
        dataPlane: required(
          dataPlane,
          'A Gateway with these parameters is served by Pods that serve no other. `{}`: as those of the deployment are.',
        ),
        service: optional(
          object({
            type: optional(
              Type.Enum([...gatewayServiceTypes]),
              'How it is reached. Left out, what --gateway-services says.',
            ),
          }),
          'The Service that is made for the Gateway.',
        ),
      }),
      'What is made in a cluster to serve a Gateway.',
    ),
  },
  {
    description:
      'A data plane of its own for each Gateway that names it by infrastructure.parametersRef, or whose class does by parametersRef. It needs a cluster where each Gateway has a Service (run --kubernetes --gateway-services).',
  },
)

export type GatewayParametersBody = Shape<typeof schema>
export type GatewayParameters = Resource<GatewayParametersBody>

export const GatewayParameters: ResourceKind<GatewayParameters> = {
  group: PORTCULLIS,
  versions: ['v1alpha1'],
  kind: 'GatewayParameters',
  plural: 'gatewayparameters',
  scope: 'Namespaced',
  role: 'ingress',
  schema,
}
