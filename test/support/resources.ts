/** Resources as the documents of one file: JSON is YAML. */
export function yamlOf(...objects: readonly object[]): string {
  return objects.map(object => JSON.stringify(object)).join('\n---\n')
}

interface ListenerSpec {
  readonly name: string
  readonly port?: number
  readonly protocol?: string
  readonly hostname?: string
  readonly tls?: object
  readonly allowedRoutes?: object
}

/** A Gateway of our class; listeners are HTTP on port 80 unless they say otherwise. */
export function gateway(listeners: readonly ListenerSpec[] = [{ name: 'http' }], name = 'gw'): object {
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: { name },
    spec: {
      gatewayClassName: 'portcullis',
      listeners: listeners.map(listener => ({ protocol: 'HTTP', port: 80, ...listener })),
    },
  }
}

/** An HTTPRoute of Gateway `gw`, unless its spec names other parents. */
export function httpRoute(name: string, spec: object, namespace = 'default'): object {
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name, namespace },
    spec: { parentRefs: [{ name: 'gw', namespace: 'default' }], ...spec },
  }
}

/** A TCPRoute, or one of another kind, of Gateway `gw`, or of one listener of it. */
export function tcpRoute(
  name: string,
  refs: readonly object[],
  parent: object = {},
  kind = 'TCPRoute',
): object {
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind,
    metadata: { name },
    spec: { parentRefs: [{ name: 'gw', ...parent }], rules: [{ backendRefs: refs }] },
  }
}

/** A Backend with an endpoint on 127.0.0.1 for each port. */
export function backend(name: string, ports: readonly number[], namespace = 'default'): object {
  return {
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'Backend',
    metadata: { name, namespace },
    spec: { endpoints: ports.map(port => ({ address: '127.0.0.1', port })) },
  }
}

/** A backendRef to a Backend; `more` is weight, filters, namespace. */
export function to(name: string, more: object = {}): object {
  return { group: 'portcullis.dev', kind: 'Backend', name, ...more }
}

/** A rule to Backend `up` whose requests say which rule they met: see `ruleOf` in client.ts. */
export function tagged(tag: string, ...matches: readonly object[]): object {
  const modifier = { set: [{ name: 'X-Rule', value: tag }] }
  return {
    ...(matches.length === 0 ? {} : { matches }),
    filters: [{ type: 'RequestHeaderModifier', requestHeaderModifier: modifier }],
    backendRefs: [to('up')],
  }
}

export function exact(value: string): object {
  return { path: { type: 'Exact', value } }
}

export function prefix(value: string): object {
  return { path: { type: 'PathPrefix', value } }
}

export function regex(value: string): object {
  return { path: { type: 'RegularExpression', value } }
}
