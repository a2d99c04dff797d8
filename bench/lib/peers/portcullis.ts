import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { caseNamed, prefixOf, requestFilters, responseFilters } from '../cases.ts'
import { tlsSecret } from '../../../test/support/certificates.ts'
import type { Case } from '../cases.ts'
import { cipherSuite } from '../certificate.ts'
import { plainCall } from '../composed/cases.ts'
import { composedObjects } from '../composed/resources.ts'
import { managedObjects } from '../managed/objects.ts'
import type { Peer, Setup } from '../peer.ts'

export const portcullis: Peer = {
  name: 'portcullis',
  program: null,
  takes: () => true,
  does: given => given,
  version: ['--version'],
  prepare: setup => prepared(setup, false),
}

function prepared(setup: Setup, declared: boolean): ReturnType<Peer['prepare']> {
  const folder = join(setup.dir, 'resources')
  mkdirSync(folder, { recursive: true })
  // JSON, one object a file's document would need: a List holds them all.
  const file = join(folder, 'resources.json')
  writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: resources(setup, declared) }))
  const data = join(setup.dir, 'data')
  const flags = ['--workers', '1', '--log-level', 'warn', '--data', data, ...management(setup, data)]
  const log = setup.case.accessLog ? join(setup.dir, 'access.log') : 'off'
  const admin = `127.0.0.1:${setup.adminPort}`
  return { command: [setup.program, 'run', file, ...flags, '--access-log', log, '--admin', admin] }
}

/** Itself, without management, cache or transcoding, in the same rounds: what these cost is the difference. */
export const beside: readonly Peer[] = [
  besideOf('small', given => (given.managed !== null || given.cached ? caseNamed('small') : null)),
  besideOf('log', given => (given.managed === null ? null : caseNamed('log'))),
  besideOf('grpc', plainCall),
]

function besideOf(name: string, does: (given: Case) => Case | null): Peer {
  return { ...portcullis, name: `portcullis ${name}`, does }
}

/** The pages without code. */
export const withoutCode: Peer = {
  ...besideOf('declared', given => (given.composed === 'pages' ? given : null)),
  prepare: setup => prepared(setup, true),
}

/** Fills its store as one that moves from another gateway would; gives the flags that it is started with. */
function management({ case: { managed }, helpers, program }: Setup, data: string): string[] {
  if (managed === null || helpers === null) return []
  const { consumers, redisPort } = helpers
  const secrets = join(data, 'secrets')
  mkdirSync(secrets, { recursive: true, mode: 0o700 })
  writeFileSync(join(secrets, 'peppers.json'), consumers.peppersText, { mode: 0o600 })
  execFileSync(program, ['restore', consumers.dumpFile, '--data', data], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  return redisPort === null ? [] : ['--counters', `redis://127.0.0.1:${redisPort}`]
}

const standard = 'gateway.networking.k8s.io/v1'

function resources(setup: Setup, declared: boolean): unknown[] {
  const { composed } = setup.case
  return [
    {
      apiVersion: standard,
      kind: 'Gateway',
      metadata: { name: 'bench' },
      spec: {
        gatewayClassName: 'portcullis',
        addresses: [{ type: 'IPAddress', value: '127.0.0.1' }],
        listeners: [listener(setup)],
      },
    },
    {
      apiVersion: 'portcullis.dev/v1alpha1',
      kind: 'Backend',
      metadata: { name: 'backend' },
      spec: {
        endpoints: [{ address: '127.0.0.1', port: setup.backendPort }],
        protocol: setup.case.upstream === 'h2c' ? 'h2c' : 'http',
      },
    },
    ...(setup.case.tls ? [tlsSecret('bench', setup.certificate), clientPolicy(secure)] : []),
    ...(setup.case.compressed ? [clientPolicy(compressed)] : []),
    ...(setup.case.cached ? [cachePolicy] : []),
    ...(setup.case.managed === null ? [] : managedObjects(setup.case.managed, setup.helpers?.jwksPort ?? 0)),
    ...(composed === null ? routesOf(setup.case) : composedObjects(composed, declared)),
  ]
}

function routesOf(given: Case): unknown[] {
  return routes(given).map((rules, i) => ({
    apiVersion: standard,
    kind: given.load === 'grpc' ? 'GRPCRoute' : 'HTTPRoute',
    metadata: { name: `routes-${i}` },
    spec: { parentRefs: [{ name: 'bench' }], rules },
  }))
}

function listener({ case: { tls }, port }: Setup): unknown {
  if (!tls) return { name: 'bench', protocol: 'HTTP', port }
  return { name: 'bench', protocol: 'HTTPS', port, tls: { certificateRefs: [{ name: 'bench' }] } }
}

const secure = { tls: { minVersion: 'TLS1.3', ciphers: [cipherSuite] } }
const compressed = { compression: { algorithms: ['gzip'] } }

const cachePolicy = {
  apiVersion: 'portcullis.dev/v1alpha1',
  kind: 'TrafficPolicy',
  metadata: { name: 'bench' },
  spec: {
    targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'bench' }],
    cache: {},
  },
}

function clientPolicy(spec: object): unknown {
  const targetRefs = [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'bench' }]
  return {
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'ClientPolicy',
    metadata: { name: 'bench' },
    spec: { targetRefs, ...spec },
  }
}

/** Rules by sixteen, which is what one HTTPRoute holds. */
function routes(given: Case): unknown[][] {
  if (given.routes === 1) return [[rule('/', given)]]
  const rules = Array.from({ length: given.routes }, (_, i) => rule(prefixOf(i), given))
  return Array.from({ length: Math.ceil(rules.length / 16) }, (_, i) => rules.slice(16 * i, 16 * i + 16))
}

function rule(prefix: string, given: Case): unknown {
  return {
    // A GRPCRoute's rule without matches takes every call.
    ...(given.load === 'grpc' ? {} : { matches: [{ path: { type: 'PathPrefix', value: prefix } }] }),
    ...(given.headerFilters ? { filters: filters() } : {}),
    backendRefs: [{ group: 'portcullis.dev', kind: 'Backend', name: 'backend' }],
  }
}

function filters(): unknown[] {
  return [
    { type: 'RequestHeaderModifier', requestHeaderModifier: modifier(requestFilters) },
    { type: 'ResponseHeaderModifier', responseHeaderModifier: modifier(responseFilters) },
  ]
}

function modifier(changes: typeof requestFilters | typeof responseFilters): unknown {
  const fields = (of: object) => Object.entries(of).map(([name, value]) => ({ name, value: String(value) }))
  return { set: fields(changes.set), add: fields(changes.add), remove: [changes.remove] }
}
