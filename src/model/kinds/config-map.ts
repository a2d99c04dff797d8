import { Type } from 'typebox'
import type { ResourceKind } from '../kind.ts'
import type { Resource } from '../resource.ts'
import { base64, immutable, keyRules } from './data.ts'
import { object, optional, record, type Violation, type Shape } from './shapes.ts'

/** Core v1 ConfigMap. */
const configMapSchema = object(
  {
    data: optional(
      record(Type.String()),
      'Its values by key, as text. Certificates of authorities are in ca.crt.',
    ),
    binaryData: optional(record(base64), 'Values by key in base64, for what is no text.'),
    immutable,
  },
  { description: 'Certificates of authorities, which are no secret.' },
)
export type ConfigMapBody = Shape<typeof configMapSchema>
export type ConfigMap = Resource<ConfigMapBody>

export const ConfigMap: ResourceKind<ConfigMap> = {
  group: '',
  versions: ['v1'],
  kind: 'ConfigMap',
  plural: 'configmaps',
  scope: 'Namespaced',
  role: 'ingress',
  schema: configMapSchema,
  rules: configMapRules,
}

function configMapRules({ data = {}, binaryData = {} }: ConfigMapBody): Violation[] {
  return [
    ...keyRules('data', data),
    ...keyRules('binaryData', binaryData),
    ...Object.keys(binaryData)
      .filter(key => Object.hasOwn(data, key))
      .map(key => ({ path: ['binaryData', key], message: 'is also a key of data' })),
  ]
}
