import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import * as acme from 'acme-client'
import { Folder } from '../../../../test/support/process.ts'
import { systemClock } from '../../../upstream/clock.ts'
import { documentsOf, findPair, findToken } from './challenges.ts'
import { FolderStore } from './folder-store.ts'
import { showChallenge } from './show-challenge.ts'

const token = 'DGyRejmCefe7v4NfDGDKfA_1234-5678'
const challenges = [
  { type: 'http-01', url: '', status: 'pending', token },
  { type: 'tls-alpn-01', url: '', status: 'pending', token },
  { type: 'dns-01', url: '', status: 'pending', token },
] as unknown as acme.Authorization['challenges']
const authorization: acme.Authorization = {
  url: '',
  status: 'pending',
  identifier: { type: 'dns', value: 'a.example' },
  challenges,
}

test('what is shown by http-01 is found by its token, and only by a token', async () => {
  using folder = new Folder()
  const store = new FolderStore(folder.path, systemClock)
  await showChallenge(store, authorization, challenges[0]!, `${token}.thumbprint`)
  assert.equal(await findToken(store, token), `${token}.thumbprint`)
  for (const other of ['', 'short', '../work/a', `${token}.`, token.toLowerCase(), 'x'.repeat(129)])
    assert.equal(await findToken(store, other), null, other)
})

test('what is shown by tls-alpn-01 is a certificate for the name alone, with the digest that RFC 8737 wants', async () => {
  using folder = new Folder()
  const store = new FolderStore(folder.path, systemClock)
  await showChallenge(store, authorization, challenges[1]!, `${token}.thumbprint`)
  const pair = await findPair(store, 'a.example')
  const certificate = new X509Certificate(pair!.cert)
  assert.equal(certificate.subjectAltName, 'DNS:a.example')
  assert.ok(acme.crypto.isAlpnCertificateAuthorizationValid(pair!.cert, `${token}.thumbprint`))
  assert.equal(await findPair(store, 'b.example'), null)
})

test('all that an authorization may have had shown is known, and so can be removed', async () => {
  using folder = new Folder()
  const store = new FolderStore(folder.path, systemClock)
  for (const challenge of challenges.slice(0, 2))
    await showChallenge(store, authorization, challenge, `${token}.thumbprint`)
  for (const document of documentsOf(authorization)) await store.remove(document)
  assert.equal(await findToken(store, token), null)
  assert.equal(await findPair(store, 'a.example'), null)
})
