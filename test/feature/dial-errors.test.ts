import assert from 'node:assert/strict'
import { Socket } from 'node:net'
import { mock, suite, test } from 'node:test'
import { Authority, caConfigMap, tlsSecret } from '../support/certificates.ts'
import { startGateway } from '../support/gateway.ts'
import { RawClient } from '../support/raw.ts'
import { backend, gateway, httpRoute, to, yamlOf } from '../support/resources.ts'
import { failureOf, httpsListener } from '../support/tls.ts'

/** On 127.0.0.1; nobody listens on them, nor is asked. */
const dead = [1, 2, 3, 4] as const

const authority = await Authority.make()
const ours = await authority.issue({ names: ['encrypted.example'] })

/** What backends are connected to for, and how. */
const paths = ['http1', 'http2', 'https1', 'https2', 'passed', 'encrypted'] as const
type Path = (typeof paths)[number]
const isStream = (path: Path): boolean => path === 'passed' || path === 'encrypted'
const isTls = (path: Path): boolean => path === 'https1' || path === 'https2' || path === 'encrypted'

function routeOf(path: Path): object {
  const spec = { hostnames: [`${path}.example`], rules: [{ backendRefs: [to(path)] }] }
  if (!isStream(path)) return httpRoute(path, { parentRefs: [{ name: 'gw', sectionName: 'http' }], ...spec })
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'TLSRoute',
    metadata: { name: path },
    spec: { parentRefs: [{ name: 'gw', sectionName: path }], ...spec },
  }
}

const protocols: Readonly<Record<Path, string>> = {
  http1: 'http',
  http2: 'h2c',
  https1: 'https',
  https2: 'h2',
  passed: 'tcp',
  encrypted: 'tcp',
}

function backendOf(path: Path): object {
  const one = backend(path, dead) as { spec: object }
  return { ...one, spec: { ...one.spec, protocol: protocols[path] } }
}

const backendTargets = (which: readonly Path[]): object[] =>
  which.map(name => ({ group: 'portcullis.dev', kind: 'Backend', name }))

const yaml = yamlOf(
  gateway([
    { name: 'http' },
    {
      ...httpsListener('passed', [], { hostname: 'passed.example' }),
      protocol: 'TLS',
      tls: { mode: 'Passthrough' },
    },
    { ...httpsListener('encrypted', ['ours'], { hostname: 'encrypted.example' }), protocol: 'TLS' },
  ]),
  tlsSecret('ours', ours),
  caConfigMap('ca', authority.root),
  ...paths.flatMap(path => [routeOf(path), backendOf(path)]),
  {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'BackendTLSPolicy',
    metadata: { name: 'encrypt' },
    spec: {
      targetRefs: backendTargets(paths.filter(isTls)),
      validation: {
        hostname: 'inner.example',
        caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: 'ca' }],
      },
    },
  },
  {
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'BackendPolicy',
    metadata: { name: 'all' },
    spec: {
      targetRefs: backendTargets(paths),
      outlierDetection: {
        consecutiveFailures: 1,
        maxEjectedPercent: 100,
        baseEjection: '1h',
        maxEjection: '1h',
      },
    },
  },
)

/** Has every connection to a dead port fail as the system would say it. */
function failWith(code: string): Disposable {
  const real = Socket.prototype.connect
  const mocked = mock.method(Socket.prototype, 'connect', function (this: Socket, ...args: never[]) {
    const [first] = args as unknown[]
    const options = (Array.isArray(first) ? first[0] : first) as { port: number }
    if (!dead.includes(options.port as 1)) return real.apply(this, args as never)
    process.nextTick(() => this.destroy(Object.assign(new Error(code), { code })))
    return this
  })
  return { [Symbol.dispose]: () => mocked.mock.restore() }
}

/**
 * Each row: what the system says, what the failure is called, after how many attempts it is given up, and how many of
 * four endpoints are then left out. What this machine lacks says nothing of endpoints.
 */
for (const [code, failure, attempts, ejected] of [
  ['EMFILE', 'proxy_overloaded', 1, 0],
  ['ENFILE', 'proxy_overloaded', 1, 0],
  ['ENOMEM', 'proxy_overloaded', 1, 0],
  ['ENOBUFS', 'proxy_overloaded', 1, 0],
  // Ports are by endpoint: for another one there may be some left.
  ['EADDRNOTAVAIL', 'proxy_ports_exhausted', 3, 0],
  ['EAGAIN', 'proxy_ports_exhausted', 3, 0],
  ['ECONNREFUSED', 'connection_refused', 3, 3],
  ['EHOSTUNREACH', 'destination_ip_unroutable', 3, 3],
  ['ETIMEDOUT', 'connection_timeout', 3, 3],
] as const)
  suite(`a connection to a backend that fails with ${code}`, () => {
    for (const path of paths)
      test(`${path}: ${failure} after ${attempts}, and ${ejected} endpoints are ejected`, async () => {
        using _failing = failWith(code)
        await using started = await startGateway(yaml)
        const host = `${path}.example`
        if (isStream(path))
          assert.notEqual(await failureOf(started.port(443), host, { ca: authority.root }), 'none')
        else
          await RawClient.exchange(
            started.port(80),
            `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
          )
        const line = await started.line(() => true)
        assert.equal(line['portcullis.failure'], failure)
        assert.equal(line['portcullis.failure.reason'], code)
        assert.equal(line['portcullis.attempts'], attempts)
        const metrics = started.metrics()
        const count = (name: string): number =>
          Number(new RegExp(`^portcullis_upstream_${name}\\{[^}]*\\} (\\d+)$`, 'm').exec(metrics)?.[1] ?? 0)
        assert.equal(count('ejections_total'), ejected)
        assert.equal(count('connect_failures_total'), attempts)
        assert.equal(count('retries_total'), attempts - 1)
      })
  })
