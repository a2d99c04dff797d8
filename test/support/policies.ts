import { backend, gateway, httpRoute, to, yamlOf } from './resources.ts'

/** A ClientPolicy of Gateway `gw`. */
export function clientPolicy(spec: object): object {
  return {
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'ClientPolicy',
    metadata: { name: 'clients' },
    spec: { targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'gw' }], ...spec },
  }
}

/** A BackendPolicy of Backend `up`. */
export function backendPolicy(spec: object): object {
  return {
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'BackendPolicy',
    metadata: { name: 'upstreams' },
    spec: { targetRefs: [{ group: 'portcullis.dev', kind: 'Backend', name: 'up' }], ...spec },
  }
}

export interface Plain {
  /** More of the one rule. */
  readonly rule?: object
  /** Spec of a ClientPolicy. */
  readonly client?: object
  /** Spec of a BackendPolicy. */
  readonly upstream?: object
}

/** A Gateway, and a route of everything to Backend `up`, which is at these ports of 127.0.0.1. */
export function plain(ports: number | readonly number[], { rule, client, upstream }: Plain = {}): string {
  return yamlOf(
    gateway(),
    httpRoute('all', { rules: [{ backendRefs: [to('up')], ...rule }] }),
    backend('up', typeof ports === 'number' ? [ports] : ports),
    ...(client === undefined ? [] : [clientPolicy(client)]),
    ...(upstream === undefined ? [] : [backendPolicy(upstream)]),
  )
}

/** An ExternalAuthPolicy that asks Backend `auth`; of Gateway `gw` unless its spec names other targets. */
export function externalAuthPolicy(spec: object = {}, name = 'ask'): object {
  return {
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'ExternalAuthPolicy',
    metadata: { name },
    spec: {
      targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'gw' }],
      backendRef: to('auth'),
      ...spec,
    },
  }
}
