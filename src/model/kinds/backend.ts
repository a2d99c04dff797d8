import { Type } from 'typebox'
import type { Resource } from '../resource.ts'
import { integer, list, object, port, type Shape } from './shapes.ts'

/** `weight` is 1 where absent. */
const endpoint = object({
  address: Type.String({
    format: 'address',
    expected: 'an IP address or a DNS name',
    minLength: 1,
    maxLength: 253,
  }),
  port,
  weight: Type.Optional(integer(1, 1000)),
})

/** portcullis.dev/v1alpha1 Backend: something to send to that is no Kubernetes Service. */
export const backendSchema = object({
  spec: object({
    endpoints: list(endpoint, 1, 256),
    /** http where absent. */
    protocol: Type.Optional(Type.Enum(['http', 'h2c', 'https', 'h2', 'tcp', 'udp'])),
  }),
})

export type BackendBody = Shape<typeof backendSchema>
export type Backend = Resource<BackendBody>
