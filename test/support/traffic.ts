import { backend, gateway, httpRoute, prefix, to, yamlOf } from './resources.ts'

const GATEWAY = 'gateway.networking.k8s.io'

/** A target of a policy. */
export interface Targeted {
  readonly kind: string
  readonly name: string
  readonly sectionName?: string
}

export const ofGateway: Targeted = { kind: 'Gateway', name: 'gw' }
export const ofRoute: Targeted = { kind: 'HTTPRoute', name: 'r' }

/** A TrafficPolicy; `spec` is what it says beside its targets. */
export function trafficPolicy(name: string, targets: Targeted | readonly Targeted[], spec: object): object {
  const targetRefs = [targets].flat().map(target => ({ group: GATEWAY, ...target }))
  return {
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'TrafficPolicy',
    metadata: { name },
    spec: { targetRefs, ...spec },
  }
}

/** What counts by the hour: none of it comes back while a test runs. */
export function hourly(requests: number, more: object = {}): object {
  return { name: 'calls', requests, unit: 'Hour', ...more }
}

/** A Gateway with a listener for each of these ports, whose clients' addresses X-Forwarded-For tells; everything below /r goes to a backend at `upstream`. */
export function site(ports: readonly number[], upstream: number): string {
  return yamlOf(
    gateway(ports.map(port => ({ name: `p${port}`, port }))),
    httpRoute('r', { rules: [{ name: 'all', matches: [prefix('/r')], backendRefs: [to('up')] }] }),
    backend('up', [upstream]),
    {
      apiVersion: 'portcullis.dev/v1alpha1',
      kind: 'ClientPolicy',
      metadata: { name: 'clients' },
      spec: { targetRefs: [{ group: GATEWAY, ...ofGateway }], trustedHops: 1 },
    },
  )
}
