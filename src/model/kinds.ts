import type { TSchema } from 'typebox'
import { backendPolicyRules, backendPolicySchema, type BackendPolicy } from './kinds/backend-policy.ts'
import {
  backendTlsPolicyRules,
  backendTlsPolicySchema,
  type BackendTLSPolicy,
} from './kinds/backend-tls-policy.ts'
import { backendSchema, type Backend } from './kinds/backend.ts'
import { clientPolicyRules, clientPolicySchema, type ClientPolicy } from './kinds/client-policy.ts'
import {
  configMapRules,
  configMapSchema,
  namespaceSchema,
  secretRules,
  secretSchema,
  type ConfigMap,
  type Namespace,
  type Secret,
} from './kinds/core.ts'
import { endpointSliceRules, endpointSliceSchema, type EndpointSlice } from './kinds/endpoint-slice.ts'
import { gatewayClassSchema, type GatewayClass } from './kinds/gateway-class.ts'
import { gatewayRules } from './kinds/gateway-rules.ts'
import { gatewaySchema, type Gateway } from './kinds/gateway.ts'
import { grpcRouteSchema, type GRPCRoute } from './kinds/grpc-route.ts'
import { grpcRouteRules } from './kinds/grpc-rules.ts'
import { httpRouteRules } from './kinds/http-rules.ts'
import { httpRouteSchema, type HTTPRoute } from './kinds/http-route.ts'
import { referenceGrantSchema, type ReferenceGrant } from './kinds/reference-grant.ts'
import { tlsRouteRules, tlsRouteSchema, type TLSRoute } from './kinds/tls-route.ts'
import { serviceRules, serviceSchema, type Service } from './kinds/service.ts'
import type { Finding } from './kinds/shapes.ts'
import {
  backendPolicyUnserved,
  backendUnserved,
  clientPolicyUnserved,
  type Unserved,
} from './kinds/unserved.ts'
import type { Resource } from './resource.ts'

/** Every kind by name. Names are unique among the kinds that we read, and other groups have some of them too. */
export interface KindMap {
  GatewayClass: GatewayClass
  Gateway: Gateway
  HTTPRoute: HTTPRoute
  GRPCRoute: GRPCRoute
  TLSRoute: TLSRoute
  BackendTLSPolicy: BackendTLSPolicy
  ReferenceGrant: ReferenceGrant
  Service: Service
  EndpointSlice: EndpointSlice
  Secret: Secret
  ConfigMap: ConfigMap
  Namespace: Namespace
  Backend: Backend
  BackendPolicy: BackendPolicy
  ClientPolicy: ClientPolicy
}

export type KindName = keyof KindMap

/** One kind that can be declared. */
export interface ResourceKind<Body = unknown> {
  /** "" for core kinds. */
  readonly group: string
  /** The first is the one that we name in messages; all have the same schema. */
  readonly versions: readonly [string, ...string[]]
  readonly kind: string
  readonly plural: string
  readonly scope: 'Namespaced' | 'Cluster'
  /** Whose field of work it is (ARCHITECTURE.md). */
  readonly role: 'ingress' | 'management' | 'composition' | 'mesh'
  /** Of the body: everything beside apiVersion, kind, metadata and status. */
  readonly schema: TSchema
  /** What the schema cannot say. Called with bodies that passed the schema only. */
  rules?(body: Body): readonly Finding[]
  /** Fields that are known, and valid, and not acted upon by this release. */
  readonly unserved: readonly Unserved[]
  /** What it targets must not be served without it. */
  readonly protects?: true
}

type BodyOf<K extends KindName> = KindMap[K]['body']
type Row<K extends KindName> = ResourceKind<BodyOf<K>> & { readonly kind: K }

const gatewayApi = 'gateway.networking.k8s.io'
const ours = 'portcullis.dev'

function row<K extends KindName>(
  group: string,
  versions: ResourceKind['versions'],
  kind: K,
  plural: string,
  rest: Pick<Row<K>, 'schema'> & Partial<Pick<Row<K>, 'rules' | 'scope' | 'unserved' | 'protects'>>,
): Row<K> {
  return { group, versions, kind, plural, scope: 'Namespaced', role: 'ingress', unserved: [], ...rest }
}

/** The registry. Its order is the order in which problems and listings name kinds. */
export const kinds: readonly ResourceKind[] = [
  row(gatewayApi, ['v1', 'v1beta1'], 'GatewayClass', 'gatewayclasses', {
    schema: gatewayClassSchema,
    scope: 'Cluster',
  }),
  row(gatewayApi, ['v1', 'v1beta1'], 'Gateway', 'gateways', { schema: gatewaySchema, rules: gatewayRules }),
  row(gatewayApi, ['v1', 'v1beta1'], 'HTTPRoute', 'httproutes', {
    schema: httpRouteSchema,
    rules: httpRouteRules,
  }),
  row(gatewayApi, ['v1'], 'GRPCRoute', 'grpcroutes', { schema: grpcRouteSchema, rules: grpcRouteRules }),
  row(gatewayApi, ['v1', 'v1alpha2', 'v1alpha3'], 'TLSRoute', 'tlsroutes', {
    schema: tlsRouteSchema,
    rules: tlsRouteRules,
  }),
  row(gatewayApi, ['v1', 'v1alpha3'], 'BackendTLSPolicy', 'backendtlspolicies', {
    schema: backendTlsPolicySchema,
    rules: backendTlsPolicyRules,
    // A backend that is to be verified is not sent to as it comes.
    protects: true,
  }),
  row(gatewayApi, ['v1', 'v1beta1'], 'ReferenceGrant', 'referencegrants', { schema: referenceGrantSchema }),
  row('', ['v1'], 'Service', 'services', { schema: serviceSchema, rules: serviceRules }),
  row('discovery.k8s.io', ['v1'], 'EndpointSlice', 'endpointslices', {
    schema: endpointSliceSchema,
    rules: endpointSliceRules,
  }),
  row('', ['v1'], 'Secret', 'secrets', { schema: secretSchema, rules: secretRules }),
  row('', ['v1'], 'ConfigMap', 'configmaps', { schema: configMapSchema, rules: configMapRules }),
  row('', ['v1'], 'Namespace', 'namespaces', { schema: namespaceSchema, scope: 'Cluster' }),
  row(ours, ['v1alpha1'], 'Backend', 'backends', { schema: backendSchema, unserved: backendUnserved }),
  row(ours, ['v1alpha1'], 'BackendPolicy', 'backendpolicies', {
    schema: backendPolicySchema,
    rules: backendPolicyRules,
    unserved: backendPolicyUnserved,
  }),
  row(ours, ['v1alpha1'], 'ClientPolicy', 'clientpolicies', {
    schema: clientPolicySchema,
    rules: clientPolicyRules,
    unserved: clientPolicyUnserved,
  }),
]

/** The kind of that group and name: other groups have kinds of the same name that are somebody else's. */
export function kindOf(group: string, kind: string): ResourceKind | undefined {
  return kinds.find(k => k.kind === kind && k.group === group)
}

const groups: ReadonlyMap<string, string> = new Map(kinds.map(({ kind, group }) => [kind, group]))

/** The group of one of our kinds. */
export function groupOfKind(kind: KindName): string {
  return groups.get(kind) ?? ''
}

/** Whether an object is of this kind of ours. */
export function isKind<K extends KindName>(resource: Resource, kind: K): resource is KindMap[K] {
  return resource.kind === kind && groupOf(resource.apiVersion) === groupOfKind(kind)
}

/** The group of an apiVersion: `portcullis.dev` of `portcullis.dev/v1alpha1`, "" of `v1`. */
export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/')
  return slash < 0 ? '' : apiVersion.slice(0, slash)
}

export type {
  Backend,
  BackendPolicy,
  BackendTLSPolicy,
  ClientPolicy,
  ConfigMap,
  EndpointSlice,
  Gateway,
  GatewayClass,
  GRPCRoute,
  HTTPRoute,
  Namespace,
  ReferenceGrant,
  Secret,
  Service,
  TLSRoute,
  Unserved,
}
