import assert from 'node:assert/strict'
import { test } from 'node:test'
import { onlyTunes } from './tuning.ts'

for (const [group, kind, spec, expected] of [
  ['gateway.envoyproxy.io', 'ClientTrafficPolicy', { timeout: {} }, true],
  ['gateway.envoyproxy.io', 'ClientTrafficPolicy', { tls: { minVersion: '1.3' } }, true],
  ['gateway.envoyproxy.io', 'ClientTrafficPolicy', { tls: { clientValidation: {} } }, false],
  ['gateway.envoyproxy.io', 'BackendTrafficPolicy', { loadBalancer: {} }, true],
  ['gateway.envoyproxy.io', 'BackendTrafficPolicy', { rateLimit: {} }, false],
  ['gateway.envoyproxy.io', 'SecurityPolicy', {}, false],
  ['gateway.envoyproxy.io', 'EnvoyPatchPolicy', {}, false],
  ['networking.gke.io', 'HealthCheckPolicy', { default: {} }, true],
  ['networking.gke.io', 'GCPBackendPolicy', { default: { timeoutSec: 3 } }, true],
  ['networking.gke.io', 'GCPBackendPolicy', { default: { securityPolicy: 'armor' } }, false],
  ['networking.gke.io', 'GCPBackendPolicy', { default: { iap: {} } }, false],
  ['gateway.nginx.org', 'ClientSettingsPolicy', {}, true],
  ['kuadrant.io', 'DNSPolicy', {}, true],
  ['kuadrant.io', 'AuthPolicy', {}, false],
  // Of another group it is somebody else's.
  ['example.org', 'HealthCheckPolicy', {}, false],
  ['networking.gke.io', 'constructor', {}, false],
  ['constructor', 'constructor', {}, false],
] as const)
  test(`${kind}.${group} ${JSON.stringify(spec)} ${expected ? 'only tunes' : 'may protect'}`, () =>
    assert.equal(onlyTunes(group, kind, spec), expected))
