import { readFileSync } from 'node:fs'
import { caConfigMap, tlsSecret, type KeyPair } from '../../support/certificates.ts'
import { backend, gateway, httpRoute, yamlOf } from '../../support/resources.ts'
import { trafficPolicy } from '../../support/traffic.ts'
import { httpsListener } from '../../support/tls.ts'
import { protos } from './messages.ts'

/** Where the gateway under test is, for the processes that the suite starts. */
export interface UnderTest {
  /** Of its resources. */
  readonly folder: string
  readonly ports: Readonly<Record<'plain' | 'secure' | 'mutual', number>>
  /** Whom clients trust, in PEM. */
  readonly certificate: string
}

/** What a message may have: what the suite gives each server (internal/app/connectconformance/server_runner.go). */
const LIMIT_BYTES = 200 * 1024

/** Without a deadline of its own, since the suite wants its server to be told of those of clients alone. */
const composition = `
import { defineGateway, grpc, registryOfProtos } from 'portcullis/composition'

const descriptors = registryOfProtos(['connectrpc/conformance/v1/service.proto'], [${JSON.stringify(protos)}])
const service = descriptors.getService('connectrpc.conformance.v1.ConformanceService')!

export const gateway = defineGateway({
  timeoutMs: Infinity,
  limitBytes: ${LIMIT_BYTES},
  backends: { suite: grpc(service, { url: 'h2c://suite', timeoutMs: Infinity }) },
  routes: r => [r.transcode('suite', { descriptors, requestMetadata: 'all' })],
})
`

/** The files of a gateway with a plain port and one by TLS, whose composition calls what listens on `backendPort`. */
export function files(
  { plain, secure }: UnderTest['ports'],
  backendPort: number,
  pair: KeyPair,
): Readonly<Record<string, string>> {
  return {
    'suite.gateway.ts': composition,
    'gateway.yaml': yamlOf(
      gateway([{ name: 'plain', port: plain }, httpsListener('secure', ['server'], { port: secure })]),
      tlsSecret('server', pair),
      routeOf('gw'),
      {
        apiVersion: 'portcullis.dev/v1alpha1',
        kind: 'Composition',
        metadata: { name: 'suite' },
        spec: { bundle: './suite.gateway.ts' },
      },
      backend('suite', [backendPort]),
      // The suite and its server want the same processors: what is refused then says nothing of protocols.
      trafficPolicy('suite', { kind: 'Gateway', name: 'gw' }, { priority: 'Critical' }),
    ),
  }
}

const routeOf = (parent: string): object =>
  httpRoute(parent, {
    parentRefs: [{ name: parent }],
    rules: [{ backendRefs: [{ group: 'portcullis.dev', kind: 'Composition', name: 'suite' }] }],
  })

/** One more Gateway, whose clients are those of an authority, in PEM. */
export function mutualYaml(port: number, authority: string): string {
  const declared = gateway([httpsListener('mutual', ['server'], { port })], 'mutual') as {
    readonly spec: object
  }
  const caCertificateRefs = [{ group: '', kind: 'ConfigMap', name: 'clients' }]
  const tls = { frontend: { default: { validation: { caCertificateRefs } } } }
  return yamlOf(
    { ...declared, spec: { ...declared.spec, tls } },
    routeOf('mutual'),
    caConfigMap('clients', authority),
  )
}

/** What the process that runs the suite has written for those that the suite starts. */
export const underTest = (): UnderTest =>
  JSON.parse(readFileSync(process.env['UNDER_TEST'] ?? '', 'utf8')) as UnderTest
