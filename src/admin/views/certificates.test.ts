import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Authority, caConfigMap, tlsSecret } from '../../../test/support/certificates.ts'
import { kinds } from '../../../test/support/declared.ts'
import { backend, gateway, httpRoute, to, yamlOf } from '../../../test/support/resources.ts'
import { inForceOf } from '../../../test/support/in-force.ts'
import { certificatePage, expiringCertificates } from './certificates.ts'
import { expiryFindings } from './running.ts'

const DAY_MS = 86_400_000
const nowMs = Date.now()

test('certificates say whose they are, until when, who uses them, and nothing of their keys', async () => {
  const authority = await Authority.make('test root', 1_000)
  const valid = await authority.issue({ names: ['shop.example', '*.shop.example'], days: 90 })
  const expiring = await authority.issue({ names: ['soon.example'], days: 24 })
  const expired = await authority.issue({ names: ['late.example'], days: -1, key: 'rsa' })
  const secrets = { valid, expiring, expired }
  const listeners = Object.keys(secrets).map((name, i) => ({
    name,
    port: 440 + i,
    protocol: 'HTTPS',
    tls: { certificateRefs: [{ name }] },
  }))
  const text = yamlOf(
    gateway(listeners),
    ...Object.entries(secrets).map(([name, pair]) => tlsSecret(name, pair)),
    caConfigMap('ca', authority.root),
    backend('up', [9_000]),
    {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'BackendTLSPolicy',
      metadata: { name: 'up' },
      spec: {
        targetRefs: [{ group: 'portcullis.dev', kind: 'Backend', name: 'up' }],
        validation: {
          hostname: 'up.example',
          caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: 'ca' }],
        },
      },
    },
    httpRoute('r', { rules: [{ backendRefs: [to('up')] }] }),
  )
  const inForce = inForceOf(text, { nowMs })
  const laterMs = nowMs + 20 * DAY_MS
  const { items } = certificatePage({ ...inForce, kinds }, laterMs, { limit: 100 })
  const findings = expiryFindings(expiringCertificates({ ...inForce, kinds }, laterMs))
  assert.deepEqual(
    findings.map(({ severity, reason, message }) => [
      severity,
      reason,
      message.replace(/[34] days \(.*/, ''),
    ]),
    [['warning', 'CertificateExpiring', 'the certificate for soon.example expires in ']],
  )
  assert.deepEqual(
    items.map(({ name, names, issuer, keyType, state, inUse, authority: isAuthority, usedBy }) => [
      name,
      names.join(),
      issuer,
      keyType,
      state,
      inUse,
      isAuthority,
      usedBy.map(user => `${user.what} ${user.name}`).join(),
    ]),
    [
      [
        'Secret/default/expired',
        'late.example',
        'test root',
        'rsa',
        'expired',
        false,
        false,
        'listener default/gw/expired',
      ],
      [
        'Secret/default/expiring',
        'soon.example',
        'test root',
        'P-256',
        'expiring',
        true,
        false,
        'listener default/gw/expiring',
      ],
      [
        'Secret/default/valid',
        'shop.example,*.shop.example',
        'test root',
        'P-256',
        'valid',
        true,
        false,
        'listener default/gw/valid',
      ],
      [
        'ConfigMap/default/ca ca',
        'test root',
        'test root',
        'P-256',
        'valid',
        true,
        true,
        'cluster Backend/default/up',
      ],
    ],
  )
  for (const { object, source, expiresInS, notAfter } of items) {
    assert.equal(object.namespace, 'default')
    assert.equal(source?.file, 'shop.yaml')
    assert.equal(Math.floor((Date.parse(notAfter ?? '') - laterMs) / 1_000), expiresInS)
  }
  assert.doesNotMatch(JSON.stringify(items), /PRIVATE|BEGIN/)
})

test('a short certificate is not expiring all of its life, and one that is not valid yet says so', async () => {
  const authority = await Authority.make()
  const text = yamlOf(
    gateway([{ name: 'https', port: 443, protocol: 'HTTPS', tls: { certificateRefs: [{ name: 'short' }] } }]),
    tlsSecret('short', await authority.issue({ names: ['a.example'], days: 6 })),
  )
  const inForce = inForceOf(text, { nowMs })
  const stateAt = (ms: number) => certificatePage({ ...inForce, kinds }, ms, { limit: 1 }).items[0]?.state
  assert.deepEqual(
    [-30, 1, 5, 7].map(days => stateAt(nowMs + days * DAY_MS)),
    ['not-yet', 'valid', 'expiring', 'expired'],
  )
})

test('what is still to be obtained is wanted', () => {
  const text = yamlOf(
    gateway([
      { name: 'https', port: 443, protocol: 'HTTPS', hostname: 'a.example', tls: { options: { a: 'b' } } },
    ]),
    {
      apiVersion: 'portcullis.dev/v1alpha1',
      kind: 'CertificatePolicy',
      metadata: { name: 'acme' },
      spec: {
        targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'gw' }],
        account: { email: 'a@example.com', termsOfServiceAgreed: true },
      },
    },
  )
  const { items } = certificatePage({ ...inForceOf(text, { nowMs }), kinds }, nowMs, { limit: 100 })
  assert.deepEqual(
    items.map(({ name, object, names, state, usedBy }) => [name, object.group, names.join(), state, usedBy]),
    [
      [
        'CertificatePolicy/default/acme a.example',
        'portcullis.dev',
        'a.example',
        'wanted',
        [{ what: 'listener', name: 'default/gw/https' }],
      ],
    ],
  )
})
