import { Type } from 'typebox'
import type { Resource } from '../resource.ts'
import { object, optional, record, type Finding, type Shape } from './shapes.ts'

// writeOnly keeps what is written out of messages.
const base64 = Type.String({ format: 'base64', expected: 'base64', writeOnly: true })

const immutable = optional(Type.Boolean(), 'Whether a cluster refuses changes; not looked at here.', false)

/** Core v1 Secret. The API server merges `stringData` on writing; from files both may be there. */
export const secretSchema = object(
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

/** Core v1 ConfigMap. */
export const configMapSchema = object(
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

/** Core v1 Namespace. */
export const namespaceSchema = object(
  {
    spec: optional(
      object({
        finalizers: optional(
          Type.Array(Type.String()),
          'What has to be done before a cluster deletes it; not looked at here.',
        ),
      }),
      'Not looked at here.',
    ),
  },
  { description: 'A namespace, whose labels are what selectors of `allowedRoutes` look at.' },
)
export type NamespaceBody = Shape<typeof namespaceSchema>
export type Namespace = Resource<NamespaceBody>

/** Keys that a Secret of a type must have (core v1, SecretType…). */
const secretKeys: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
}

export function secretRules({ type = 'Opaque', data = {}, stringData = {} }: SecretBody): Finding[] {
  const needed = Object.hasOwn(secretKeys, type) ? (secretKeys[type] ?? []) : []
  return [
    ...needed
      .filter(key => !Object.hasOwn(data, key) && !Object.hasOwn(stringData, key))
      .map(key => ({ path: ['data', key], message: `is required for type ${type}` })),
    ...keyRules('data', data),
    ...keyRules('stringData', stringData),
  ]
}

export function configMapRules({ data = {}, binaryData = {} }: ConfigMapBody): Finding[] {
  return [
    ...keyRules('data', data),
    ...keyRules('binaryData', binaryData),
    ...Object.keys(binaryData)
      .filter(key => Object.hasOwn(data, key))
      .map(key => ({ path: ['binaryData', key], message: 'is also a key of data' })),
  ]
}

/** IsConfigMapKey of Kubernetes' validation: such keys become file names. */
function keyRules(field: string, values: Readonly<Record<string, string>>): Finding[] {
  return Object.keys(values)
    .filter(key => !/^[-._a-zA-Z0-9]{1,253}$/.test(key) || key === '.' || key.startsWith('..'))
    .map(key => ({
      path: [field, key],
      message: 'is no valid key, expected letters, digits, "-", "_" and ".", at most 253',
    }))
}
