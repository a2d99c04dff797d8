import { startGateway, type TestGateway } from './gateway.ts'
import { gateway, to, yamlOf } from './resources.ts'

/** A GRPCRoute of Gateway `gw`, unless its spec names other parents. */
export function grpcRoute(name: string, spec: object): object {
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'GRPCRoute',
    metadata: { name },
    spec: { parentRefs: [{ name: 'gw' }], ...spec },
  }
}

/** A Backend of gRPC servers on 127.0.0.1. */
export function grpcBackend(name: string, ports: readonly number[], protocol = 'h2c'): object {
  return {
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'Backend',
    metadata: { name },
    spec: { endpoints: ports.map(port => ({ address: '127.0.0.1', port })), protocol },
  }
}

/** A Gateway, and a GRPCRoute of everything to the servers at these ports; `more` is more resources. */
export function grpcYaml(ports: number | readonly number[], ...more: readonly object[]): string {
  return yamlOf(
    gateway(),
    grpcRoute('grpc', { rules: [{ backendRefs: [to('up')] }] }),
    grpcBackend('up', typeof ports === 'number' ? [ports] : ports),
    ...more,
  )
}

export function startGrpc(
  ports: number | readonly number[],
  ...more: readonly object[]
): Promise<TestGateway> {
  return startGateway(grpcYaml(ports, ...more))
}
