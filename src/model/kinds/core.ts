import { Type } from 'typebox'
import type { Resource } from '../resource.ts'
import { object, record, type Finding, type Shape } from './shapes.ts'

// writeOnly keeps what is written out of messages.
const base64 = Type.String({ format: 'base64', expected: 'base64', writeOnly: true })

/**
 * Core v1 Secret. `data` is base64, `stringData` is plain and wins (the API server merges it on writing;
 * from files both may be there). `type` is Opaque where absent.
 */
export const secretSchema = object({
  type: Type.Optional(Type.String()),
  data: Type.Optional(record(base64)),
  stringData: Type.Optional(record(Type.String({ writeOnly: true }))),
  immutable: Type.Optional(Type.Boolean()),
})
export type SecretBody = Shape<typeof secretSchema>
export type Secret = Resource<SecretBody>

/** Core v1 ConfigMap. */
export const configMapSchema = object({
  data: Type.Optional(record(Type.String())),
  binaryData: Type.Optional(record(base64)),
  immutable: Type.Optional(Type.Boolean()),
})
export type ConfigMapBody = Shape<typeof configMapSchema>
export type ConfigMap = Resource<ConfigMapBody>

/** Core v1 Namespace; its labels are what allowedRoutes selectors look at. */
export const namespaceSchema = object({
  spec: Type.Optional(object({ finalizers: Type.Optional(Type.Array(Type.String())) })),
})
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
