import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { backendDefaults, clientDefaults, compressionTypes } from './defaults.ts'
import { kinds } from '../../test/support/declared.ts'
import { durationMs, quantityBytes } from './quantity.ts'

const text = readFileSync(new URL('../../docs/POLICIES.md', import.meta.url), 'utf8')

/** The default that docs/POLICIES.md states for a field. */
function stated(field: string, within = text): string {
  const row = within.split('\n').find(line => line.startsWith(`| \`${field}\` |`))
  return row?.split('|')[2]?.trim().replaceAll('`', '') ?? ''
}

for (const [field, value] of [
  ['spec.trustedHops', clientDefaults.trustedHops],
  ['spec.limits.requestLineBytes', clientDefaults.requestLineBytes],
  ['spec.limits.fieldBytes', clientDefaults.fieldBytes],
  ['spec.limits.headBytes', clientDefaults.headBytes],
  ['spec.limits.fields', clientDefaults.fields],
  ['spec.limits.bodyBytes', clientDefaults.bodyBytes],
  ['spec.limits.connections', clientDefaults.connections],
  ['spec.limits.openings', clientDefaults.openings],
  ['spec.limits.handshakes', clientDefaults.handshakes],
  ['spec.limits.requestsPerConnection', clientDefaults.requestsPerConnection],
  ['spec.limits.streams', clientDefaults.streams],
  ['spec.compression.minBytes', clientDefaults.compressionMinBytes],
  ['spec.connections.max', backendDefaults.maxConnections],
  ['spec.connections.maxPending', backendDefaults.maxPending],
  ['spec.connections.maxRequestsPerConnection', backendDefaults.maxRequestsPerConnection],
  ['spec.connections.attempts', backendDefaults.connectAttempts],
  ['spec.responses.fieldBytes', backendDefaults.fieldBytes],
  ['spec.responses.headBytes', backendDefaults.headBytes],
  ['spec.responses.fields', backendDefaults.fieldCount],
  ['spec.pressure.bodyStart', backendDefaults.bodyStartBytes],
  ['spec.pressure.bodyRate', backendDefaults.bodyBytesPerSecond],
  ['spec.circuitBreaker.trip.minRequests', backendDefaults.breaker.minRequests],
  ['spec.retryBudget.percent', backendDefaults.retryPercent],
  ['spec.outlierDetection.consecutiveFailures', backendDefaults.consecutiveFailures],
  ['spec.outlierDetection.maxEjectedPercent', backendDefaults.maxEjectedPercent],
] as const)
  test(`the documented default of ${field} is the real one`, () =>
    assert.equal(quantityBytes(stated(field)) ?? Number(stated(field)), value))

for (const [field, value] of [
  ['spec.timeouts.head', clientDefaults.headTimeoutMs],
  ['spec.timeouts.idle', clientDefaults.idleTimeoutMs],
  ['spec.timeouts.bodyIdle', clientDefaults.bodyIdleTimeoutMs],
  ['spec.timeouts.stall', clientDefaults.stallTimeoutMs],
  ['spec.connections.connectTimeout', backendDefaults.connectTimeoutMs],
  ['spec.connections.idleTimeout', backendDefaults.idleTimeoutMs],
  ['spec.timeouts.silence', backendDefaults.silenceMs],
  ['spec.pressure.patience', backendDefaults.patienceMs],
  ['spec.outlierDetection.baseEjection', backendDefaults.baseEjectionMs],
  ['spec.outlierDetection.maxEjection', backendDefaults.maxEjectionMs],
  ['spec.retryBudget.interval', backendDefaults.retryIntervalMs],
  ['spec.dns.refresh', backendDefaults.dnsRefreshMs],
] as const)
  test(`the documented default of ${field} is the real one`, () =>
    assert.equal(durationMs(stated(field)), value))

for (const [field, value] of [
  ['spec.sharing', clientDefaults.sharing],
  ['spec.proxyProtocol.versions', clientDefaults.proxyProtocolVersions],
  ['spec.proxyProtocol.required', String(clientDefaults.proxyProtocolRequired)],
  ['spec.http1.halfClose', clientDefaults.halfClose],
  ['spec.paths.encodedSlash', clientDefaults.encodedSlash],
  ['spec.paths.emptySegments', clientDefaults.emptySegments],
  ['spec.paths.illegal', clientDefaults.illegalCharacters],
  ['spec.headers.underscores', clientDefaults.underscores],
  ['spec.headers.forwardedPort', clientDefaults.forwardedPort],
  ['spec.headers.clientCertificate', clientDefaults.clientCertificateHeader],
  ['spec.tls.minVersion', clientDefaults.tlsMinVersion],
  ['spec.tls.maxVersion', clientDefaults.tlsMaxVersion],
  ['spec.tls.groups', clientDefaults.tlsGroups.join(', ')],
  ['spec.compression.algorithms', clientDefaults.compressionAlgorithms.join(', ')],
  ['spec.loadBalancing.type', backendDefaults.loadBalancing],
] as const)
  test(`the documented default of ${field} is the real one`, () => assert.equal(stated(field), value))

test('the types that are compressed by default are documented', () => {
  const [, row = ''] = /^\| types \| (.+) \|$/m.exec(text) ?? []
  assert.equal(row, compressionTypes.map(type => `\`${type}\``).join(', '))
})

interface Field {
  readonly default?: unknown
  readonly properties?: Readonly<Record<string, Field>>
  readonly items?: Field
}

/** What the schema of a kind says that counts, by field. */
function defaultsOf(schema: Field, path: string): (readonly [field: string, value: unknown])[] {
  const below = Object.entries(schema.properties ?? {}).flatMap(([name, field]) =>
    defaultsOf(field, path === '' ? name : `${path}.${name}`),
  )
  const inside = schema.items === undefined ? [] : defaultsOf(schema.items, `${path}[]`)
  return [...('default' in schema ? [[path, schema.default] as const] : []), ...below, ...inside]
}

/** `1m15s` is `75s`. */
const plain = (value: string): string => String(durationMs(value) ?? value.replaceAll(', ', ','))

for (const { kind, group, schema, unserved = [] } of kinds.all)
  if (group === 'portcullis.dev') {
    const section = text.split('\n## ').find(part => part.startsWith(`${kind}\n`)) ?? ''
    for (const [field, value] of defaultsOf(schema, ''))
      // What is not served yet has no row.
      if (!unserved.some(({ path, values }) => values === undefined && field.startsWith(path.join('.'))))
        test(`the default of ${field} is in the schema of a ${kind}, too`, () =>
          assert.equal(plain(stated(field, section)), plain(String(value))))
  }
