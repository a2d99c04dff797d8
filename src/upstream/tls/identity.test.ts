import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import type { PeerCertificate } from 'node:tls'
import { Authority, type Wanted } from '../../../test/support/certificates.ts'
import type { ClusterTls } from '../../snapshot/tls.ts'
import { alternatives, identityError } from './identity.ts'

/** Each row: how OpenSSL writes the names, and what they are. */
for (const [text, expected] of [
  ['', []],
  ['DNS:a.example', [['DNS', 'a.example']]],
  [
    'DNS:a.example, IP Address:127.0.0.1',
    [
      ['DNS', 'a.example'],
      ['IP Address', '127.0.0.1'],
    ],
  ],
  // CVE-2021-44532: one name that looks like two.
  ['URI:"spiffe://x, DNS:b.example"', [['URI', 'spiffe://x, DNS:b.example']]],
  [
    'URI:"a\\"b, DNS:c", DNS:d.example',
    [
      ['URI', 'a"b, DNS:c'],
      ['DNS', 'd.example'],
    ],
  ],
] as const)
  test(`names ${text}`, () => assert.deepEqual(alternatives(text), expected))

const authority = await Authority.make()

async function shown(wanted: Wanted): Promise<PeerCertificate> {
  return new X509Certificate((await authority.issue(wanted)).chain).toLegacyObject() as PeerCertificate
}

const base: ClusterTls = {
  serverName: 'a.example',
  names: [],
  authorities: 'system',
  certificate: null,
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.3',
  ciphers: '',
  key: '',
}
const spiffe = 'spiffe://cluster.example/ns/shop'
const dns = (value: string): ClusterTls => ({ ...base, names: [{ type: 'dns', value }] })
const uri = (value: string): ClusterTls => ({ ...base, names: [{ type: 'uri', value }] })

/** Each row: what the certificate has, what is wanted, and whether that fits. */
for (const [what, wanted, tls, fits] of [
  ['the server name', { names: ['a.example'] }, base, true],
  ['another name', { names: ['b.example'] }, base, false],
  ['a wildcard over it', { names: ['*.example.test'] }, { ...base, serverName: 'a.example.test' }, true],
  [
    'a wildcard two labels up',
    { names: ['*.example.test'] },
    { ...base, serverName: 'a.b.example.test' },
    false,
  ],
  ['a common name alone', { commonName: 'a.example' }, base, false],
  ['the common name beside another', { commonName: 'a.example', names: ['b.example'] }, base, false],
  ['its address', { ips: ['10.0.0.1'] }, { ...base, serverName: '' }, true],
  ['another address', { ips: ['10.0.0.2'] }, { ...base, serverName: '' }, false],
  ['the address as a name', { names: ['10.0.0.1'] }, { ...base, serverName: '' }, false],
  ['the wanted name', { names: ['x.example'] }, dns('x.example'), true],
  ['the server name, which is not wanted', { names: ['a.example'] }, dns('x.example'), false],
  ['a name under the wanted wildcard', { names: ['y.x.example'] }, dns('*.x.example'), true],
  ['the parent of the wanted wildcard', { names: ['x.example'] }, dns('*.x.example'), false],
  ['the wanted URI', { uris: [spiffe] }, uri(spiffe), true],
  ['a longer URI', { uris: [`${spiffe}/more`] }, uri(spiffe), false],
  ['the URI in other letters', { uris: [spiffe.toUpperCase()] }, uri(spiffe), false],
  ['a URI that has the wanted name in it', { uris: ['x:y, DNS:x.example'] }, dns('x.example'), false],
  ['a URI that ends like the wanted wildcard', { uris: ['x:y, DNS:y.x.example'] }, dns('*.x.example'), false],
] as const satisfies readonly (readonly [string, Wanted, ClusterTls, boolean])[])
  test(`a certificate with ${what} ${fits ? 'fits' : 'does not fit'}`, async () => {
    const error = identityError(tls, '10.0.0.1', await shown(wanted))
    assert.equal(error === undefined, fits, error?.message)
  })
