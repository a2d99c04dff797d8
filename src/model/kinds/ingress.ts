import { isIP } from 'node:net'
import { Type } from 'typebox'
import type { ResourceKind } from '../kind.ts'
import type { FieldPath, Resource } from '../resource.ts'
import {
  groupName,
  hostname,
  kindName,
  object,
  objectName,
  optional,
  port,
  required,
  type Shape,
  type Violation,
} from './shapes.ts'

/** The group of Ingress, among other kinds of Kubernetes. */
export const NETWORKING = 'networking.k8s.io'

const backend = object(
  {
    service: optional(
      object({
        name: required(objectName, 'The name of the Service, which is in the namespace of the Ingress.'),
        port: optional(
          object({
            name: optional(Type.String(), 'The name of the port, or its number is there.'),
            number: optional(port, 'The number of the port (not its targetPort), or its name is there.'),
          }),
          'The port of the Service.',
        ),
      }),
      'A Service, or `resource` is there.',
    ),
    resource: optional(
      object({
        apiGroup: optional(groupName, 'The API group of the object: portcullis.dev.'),
        kind: required(kindName, 'The kind of the object: Backend or Composition.'),
        name: required(objectName, 'The name of the object, which is in the namespace of the Ingress.'),
      }),
      'A Backend or a Composition in place of a Service.',
    ),
  },
  { title: 'IngressBackend' },
)

const httpPath = object({
  path: optional(
    Type.String(),
    'The path, or the beginning of it. For type ImplementationSpecific it may be left out, and takes any.',
  ),
  pathType: required(
    Type.Enum(['Exact', 'Prefix', 'ImplementationSpecific']),
    'How `path` is compared. Prefix takes whole elements: /foo takes /foo and /foo/bar, and never /foobar. ImplementationSpecific is taken as Prefix.',
  ),
  backend: required(backend, 'Where requests go.'),
})

const rule = object({
  host: optional(
    hostname,
    'The host of the requests that are taken; *. takes exactly one label. Left out, any host.',
  ),
  http: optional(
    object({ paths: required(Type.Array(httpPath, { minItems: 1 }), 'Paths, of which the longest counts.') }),
    'What is done with them; left out, they go to `defaultBackend`.',
  ),
})

const tls = object({
  hosts: optional(
    Type.Array(hostname),
    'Names for which the certificate is shown, by the name that a client asks for (SNI). Left out, any.',
  ),
  secretName: optional(
    Type.String({ maxLength: 253 }),
    'The Secret of type kubernetes.io/tls that has certificate and key, in the namespace of the Ingress.',
  ),
})

/** networking.k8s.io Ingress, v1. */
const ingressSchema = object(
  {
    spec: optional(
      object({
        ingressClassName: optional(
          objectName,
          'Who serves it: the class portcullis, or an IngressClass with the controller portcullis.dev/ingress. Left out, the default class has it. The annotation kubernetes.io/ingress.class counts before it.',
        ),
        defaultBackend: optional(backend, 'Where requests go that no rule takes.'),
        tls: optional(Type.Array(tls), 'Certificates; what they are shown for is served with TLS as well.'),
        rules: optional(Type.Array(rule), 'Which hosts and paths are taken, and where they go.'),
      }),
      'Which requests are taken, and where they go.',
    ),
  },
  {
    description:
      'Sends HTTP requests by host and path to Services, on the ports of --ingress-ports. An HTTPRoute can more; of one hostname and path an HTTPRoute comes first.',
  },
)

export type IngressBody = Shape<typeof ingressSchema>
export type Ingress = Resource<IngressBody>
export type IngressBackend = Shape<typeof backend>
export type IngressPath = Shape<typeof httpPath>

export const Ingress: ResourceKind<Ingress> = {
  group: NETWORKING,
  versions: ['v1'],
  kind: 'Ingress',
  plural: 'ingresses',
  scope: 'Namespaced',
  role: 'ingress',
  schema: ingressSchema,
  rules: ingressRules,
}

/** What the API server checks beyond types (pkg/apis/networking/validation, ValidateIngressSpec). */
function ingressRules({ spec = {} }: IngressBody): Violation[] {
  const { defaultBackend, rules = [] } = spec
  const at = ['spec']
  return [
    ...(defaultBackend === undefined && rules.length === 0
      ? [{ path: at, message: 'must have rules or a defaultBackend' }]
      : []),
    ...(defaultBackend === undefined ? [] : backendRules(defaultBackend, [...at, 'defaultBackend'])),
    ...rules.flatMap(({ host = '', http }, i) => [
      ...(isIP(host) === 0
        ? []
        : [{ path: [...at, 'rules', i, 'host'], message: 'is an IP address, expected a DNS name' }]),
      ...(http?.paths ?? []).flatMap((one, j) => pathRules(one, [...at, 'rules', i, 'http', 'paths', j])),
    ]),
  ]
}

function pathRules({ path, pathType, backend: to }: IngressPath, at: FieldPath): Violation[] {
  const violations = backendRules(to, [...at, 'backend'])
  const value = path ?? ''
  if (value === '' && pathType === 'ImplementationSpecific') return violations
  if (!value.startsWith('/')) violations.push({ path: [...at, 'path'], message: 'must start with "/"' })
  else if (pathType !== 'ImplementationSpecific')
    for (const part of ['//', '/./', '/../', '%2f', '%2F'])
      if (value.includes(part))
        violations.push({ path: [...at, 'path'], message: `must not contain "${part}"` })
  return violations
}

function backendRules({ service, resource }: IngressBackend, path: FieldPath): Violation[] {
  if ((service === undefined) === (resource === undefined))
    return [{ path, message: 'must have either service or resource' }]
  if (service === undefined) return []
  const { name, number } = service.port ?? {}
  if ((name === undefined) !== (number === undefined)) return []
  return [{ path: [...path, 'service', 'port'], message: 'must have either name or number' }]
}
