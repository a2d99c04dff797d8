import { Type } from 'typebox'
import type { ResourceKind } from '../kind.ts'
import type { Resource } from '../resource.ts'
import { base64, immutable, keyRules } from './data.ts'
import { object, optional, record, type Violation, type Shape } from './shapes.ts'

/** Core v1 Secret. The API server merges `stringData` on writing; from files both may be there. */
const secretSchema = object(
  {
    type: optional(
      Type.String(),
      'What is in it, and so which keys it must have: kubernetes.io/tls has tls.crt and tls.key.',
      'Opaque',
    ),
    data: optional(record(base64), 'Its values by key, in base64.'),
    stringData: optional(
      record(Type.String({ writeOnly: true })),
      'Values by key as plain text; these go before those of `data`.',
    ),
    immutable,
  },
  { description: 'Certificates with their keys, and certificates of authorities.' },
)
export type SecretBody = Shape<typeof secretSchema>
export type Secret = Resource<SecretBody>

export const Secret: ResourceKind<Secret> = {
  group: '',
  versions: ['v1'],
  kind: 'Secret',
  plural: 'secrets',
  scope: 'Namespaced',
  role: 'ingress',
  schema: secretSchema,
  rules: secretRules,
}

/** Keys that a Secret of a type must have (core v1, SecretType…). */
const secretKeys: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
}

function secretRules({ type = 'Opaque', data = {}, stringData = {} }: SecretBody): Violation[] {
  const needed = Object.hasOwn(secretKeys, type) ? (secretKeys[type] ?? []) : []
  return [
    ...needed
      .filter(key => !Object.hasOwn(data, key) && !Object.hasOwn(stringData, key))
      .map(key => ({ path: ['data', key], message: `is required for type ${type}` })),
    ...keyRules('data', data),
    ...keyRules('stringData', stringData),
  ]
}
