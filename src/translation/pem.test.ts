import assert from 'node:assert/strict'
import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { Authority, selfSigned } from '../../test/support/certificates.ts'
import { parseAuthorities, parseKeyPair } from './pem.ts'

const authority = await Authority.make()
const good = await authority.issue({ names: ['a.example'] })
const other = await authority.issue({ names: ['b.example'] })
const anonymous = await authority.issue({ names: ['a.example'], anonymous: true })
const weak = await selfSigned({ names: ['a.example'], key: 'rsa1024' })
const encrypted = createPrivateKey(good.key)
  .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
  .toString()
const traditional = createPrivateKey(good.key).export({ type: 'sec1', format: 'pem' }).toString()
const curve = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
const strange = curve.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
const cut = good.chain.replace(/\n.{10}/, '\n')

/** Each row: tls.crt, tls.key, and what is wrong with them. */
for (const [what, chain, key, wrong] of [
  ['a pair', good.chain, good.key, null],
  ['a pair whose certificate has no subject', anonymous.chain, anonymous.key, null],
  ['a pair with the root behind it', good.chain + authority.root, good.key, null],
  ['a pair with words around it', `subject=a\n${good.chain}\n# end`, good.key, null],
  ['a pair with Windows line ends', good.chain.replaceAll('\n', '\r\n'), good.key, null],
  ['a key in the traditional form', good.chain, traditional, null],
  ['nothing', '', '', /tls\.crt holds no PEM certificate/],
  ['no key', good.chain, '', /tls\.key holds no PEM private key/],
  ['a certificate in place of the key', good.chain, good.chain, /tls\.key holds no PEM private key/],
  ['a broken certificate', cut, good.key, /certificate 1 in tls\.crt cannot be read/],
  ['a broken second one', good.chain + cut, good.key, /certificate 2 in tls\.crt cannot be read/],
  [
    'a broken key',
    good.chain,
    good.key.replace(/\n.{10}/, '\n'),
    /the private key in tls\.key cannot be read/,
  ],
  ['an encrypted key', good.chain, encrypted, /is encrypted, expected one without a password/],
  ['the key of another', good.chain, other.key, /is not that of the first certificate/],
  ['the key of the second', other.chain + good.chain, good.key, /is not that of the first certificate/],
  ['a key of another curve', good.chain, strange, /is not that of the first certificate/],
  ['a weak key', weak.chain, weak.key, /has an RSA key of 1024 bits, expected 2048 or more/],
] as const)
  test(`a Secret with ${what}: ${String(wrong)}`, () => {
    const parsed = parseKeyPair(chain, key)
    if (wrong === null) return assert.ok('certificate' in parsed, JSON.stringify(parsed))
    assert.ok('wrong' in parsed)
    assert.match(parsed.wrong, wrong)
    for (const line of key.split('\n').filter(text => text.length > 20))
      assert.ok(line.startsWith('-----') || !parsed.wrong.includes(line))
  })

test('a fingerprint differs with the chain and with the key, and tells neither', () => {
  const one = parseKeyPair(good.chain, good.key)
  const same = parseKeyPair(`words\n${good.chain}`, traditional)
  const longer = parseKeyPair(good.chain + authority.root, good.key)
  assert.ok('certificate' in one && 'certificate' in same && 'certificate' in longer)
  assert.equal(one.certificate.fingerprint, same.certificate.fingerprint)
  assert.notEqual(one.certificate.fingerprint, longer.certificate.fingerprint)
  assert.match(one.certificate.fingerprint, /^[0-9a-f]{32}$/)
})

test('authorities are certificates without a key', () => {
  const parsed = parseAuthorities(authority.root + authority.root, 'ca.crt')
  assert.ok('certificate' in parsed)
  assert.equal(parsed.certificate.key, '')
  assert.deepEqual(parseAuthorities('no', 'ca.crt'), { wrong: 'ca.crt holds no PEM certificate' })
})
