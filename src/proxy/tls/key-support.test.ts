import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { createServer, type ConnectionOptions } from 'node:tls'
import { Authority, type KeyKind, type KeyPair } from '../../../test/support/certificates.ts'
import { requirePeer } from '../../../test/support/peer.ts'
import { clientHello, secure } from '../../../test/support/tls.ts'
import { cipherSuites } from '../../model/defaults.ts'
import type { KeyType } from '../../snapshot/tls.ts'
import { readClientHello } from './client-hello.ts'
import { KeySupport, suiteCodes } from './key-support.ts'

const authority = await Authority.make()
const defaults = {
  tlsMinVersion: 'TLSv1.2',
  tlsMaxVersion: 'TLSv1.3',
  tlsCiphers: Object.keys(cipherSuites).join(':'),
} as const

test('every suite of TLS 1.2 that a policy may choose has its number here', () => {
  const older = Object.keys(cipherSuites).filter(name => !name.startsWith('TLS_'))
  assert.deepEqual(new Set(older), new Set(suiteCodes.keys()))
})

/** What a client may offer, under either version. */
const offers: readonly (readonly [string, ConnectionOptions])[] = [
  ['what OpenSSL offers', {}],
  ['RSA-PSS', { sigalgs: 'rsa_pss_rsae_sha256' }],
  ['RSA-PSS for keys of that type', { sigalgs: 'rsa_pss_pss_sha256:rsa_pss_pss_sha384' }],
  ['RSA of old', { sigalgs: 'RSA+SHA256' }],
  ['ECDSA with SHA-256', { sigalgs: 'ECDSA+SHA256' }],
  ['ECDSA with SHA-512', { sigalgs: 'ECDSA+SHA512' }],
  ['ECDSA and RSA', { sigalgs: 'ECDSA+SHA256:RSA+SHA256:rsa_pss_rsae_sha512' }],
  ['Ed25519 and Ed448', { sigalgs: 'ed25519:ed448' }],
  ['few groups', { ecdhCurve: 'X25519:P-256' }],
  ['no suite for RSA', { ciphers: 'TLS_AES_128_GCM_SHA256:ECDHE-ECDSA-AES128-GCM-SHA256' }],
  ['no suite for ECDSA', { ciphers: 'TLS_AES_128_GCM_SHA256:ECDHE-RSA-CHACHA20-POLY1305' }],
]

const settings = [
  ['as they are by default', defaults],
  ['without TLS 1.3', { ...defaults, tlsMaxVersion: 'TLSv1.2' }],
  [
    'with one suite of TLS 1.2',
    { ...defaults, tlsCiphers: 'TLS_AES_128_GCM_SHA256:ECDHE-RSA-AES128-GCM-SHA256' },
  ],
] as const

/** Whether OpenSSL makes a handshake with this certificate, and whether we would choose it. */
async function verdicts(
  type: KeyType,
  { chain, key }: KeyPair,
  client: (typeof settings)[number][1],
  options: ConnectionOptions,
): Promise<{ made: boolean; chosen: boolean }> {
  const { tlsMinVersion: minVersion, tlsMaxVersion: maxVersion, tlsCiphers: ciphers } = client
  const server = createServer({ cert: chain, key, minVersion, maxVersion, ciphers }, socket =>
    socket.on('error', () => {}),
  )
  server.on('tlsClientError', () => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const made = await secure(port, { ...options, rejectUnauthorized: false, ALPNProtocols: [] }).then(
    socket => socket.destroy() !== undefined,
    () => false,
  )
  server.close()
  const hello = readClientHello(await clientHello(options))
  assert.ok(typeof hello === 'object')
  return { made, chosen: new KeySupport(type, client).takenBy(hello) }
}

function madeByOpenssl(t: TestContext, ...algorithm: readonly string[]): KeyPair | null {
  const openssl = requirePeer(t, 'openssl')
  if (openssl === null) return null
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-keys-'))
  const [chain, key] = [join(folder, 'chain'), join(folder, 'key')]
  const args = ['req', '-x509', '-nodes', '-newkey', ...algorithm, '-subj', '/CN=a.example', '-out', chain]
  try {
    execFileSync(openssl, [...args, '-keyout', key], { stdio: 'ignore' })
    return { chain: readFileSync(chain, 'latin1'), key: readFileSync(key, 'latin1') }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const issued = (key: KeyKind) => (): Promise<KeyPair> => authority.issue({ names: ['a.example'], key })

describe('a key is chosen for a client where OpenSSL makes the handshake, and only there', () => {
  for (const [type, make] of [
    ['P-256', issued('ecdsa')],
    ['P-384', issued('p384')],
    ['P-521', issued('p521')],
    ['ed25519', issued('ed25519')],
    ['ed448', (t: TestContext) => madeByOpenssl(t, 'ed448')],
    ['rsa', issued('rsa')],
    ['rsa-pss', (t: TestContext) => madeByOpenssl(t, 'rsa-pss', '-pkeyopt', 'rsa_keygen_bits:2048')],
  ] as const)
    test(type, async t => {
      const pair = await make(t)
      if (pair === null) return
      const seen = new Set<boolean>()
      for (const [where, client] of settings)
        for (const [what, options] of offers)
          for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
            const { made, chosen } = await verdicts(type, pair, client, { ...options, maxVersion })
            assert.equal(chosen, made, `settings ${where}, a client of ${maxVersion} that offers ${what}`)
            seen.add(made)
          }
      assert.equal(seen.size, 2, 'both happen')
    })
})

for (const [type, more, possible] of [
  ['rsa', {}, true],
  ['rsa', { tlsMaxVersion: 'TLSv1.2', tlsCiphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' }, false],
  ['ed25519', { tlsMaxVersion: 'TLSv1.2', tlsCiphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' }, true],
  ['P-256', { tlsMaxVersion: 'TLSv1.2', tlsCiphers: 'ECDHE-RSA-AES128-GCM-SHA256' }, false],
  ['P-256', { tlsMinVersion: 'TLSv1.3', tlsCiphers: 'TLS_AES_128_GCM_SHA256' }, true],
] as const)
  test(`a key of type ${type} with ${JSON.stringify(more)}: ${possible ? 'some client' : 'no client'} can use it`, () => {
    assert.equal(new KeySupport(type, { ...defaults, ...more }).possible, possible)
  })
