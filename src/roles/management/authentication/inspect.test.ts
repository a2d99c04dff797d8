import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { exportJWK, generateKeyPair, SignJWT, type JWK } from 'jose'
import { credentialRow, newKey, putKey, putPeppers } from '../../../../test/support/credentials.ts'
import { exchange, origin } from '../../../../test/support/exchange.ts'
import type { Inspection, InspectKit } from '../../../filters/filter.ts'
import { identityNote } from '../../../filters/identity.ts'
import { undecidedNote } from '../../../filters/inspect.ts'
import { Answers } from '../../../shared/questions.ts'
import { NodeState } from '../../../shared/node-state.ts'
import type { RowValue } from '../../../shared/table-writer.ts'
import { issuerKey } from '../issuers/issuer.ts'
import { APPLICATIONS, ISSUERS } from '../rows.ts'
import { authentication } from './authentication.ts'
import type { Accept, AuthenticationConfig, JwtAccept } from './config.ts'

const key: Accept = { kind: 'api-key', in: [{ where: 'header', name: 'X-API-Key' }] }
const basic: Accept = { kind: 'basic', realm: 'r' }
const certificate: Accept = { kind: 'certificate', subjects: null }
const password = `Basic ${Buffer.from('mary:planted-secret').toString('base64')}`

const state = new NodeState()
putPeppers(state.tables)
const good = putKey(state.tables, { scopes: ['read'] }).text
const { application, credential } = credentialRow()
state.tables.patch(APPLICATIONS, {
  put: [[application, { name: 'shop', account: 'a', accountName: 'acme' }]],
})
const stranger = newKey().text

const running: InspectKit = {
  table: name => state.table(name),
  counters: (name, whose) => state.counters(name, whose),
  sharedUs: () => state.sharedUs(),
  wallMs: () => 1_000_000,
}
const offline: InspectKit = { ...running, table: () => null }

async function inspect(
  accepts: readonly Accept[],
  fields: readonly string[],
  kit = running,
  more: Partial<AuthenticationConfig> = {},
) {
  const config: AuthenticationConfig = {
    type: 'authentication',
    origin,
    policy: 'default/p',
    accepts,
    anonymous: false,
    forwardCredentials: false,
    except: [],
    signup: null,
    ...more,
  }
  const x = exchange({ fields: [...fields] })
  const found: Inspection = await authentication.inspect!(config, x, kit)
  return { found, x }
}

suite('what explain finds of credentials', () => {
  for (const [what, accepts, fields, kit, expected, failure, unknown] of [
    ['nothing', [key], [], running, ['not there'], 'authentication_required', null],
    ['a key', [key], ['X-API-Key', good], running, ['accepted'], null, null],
    [
      'a key of nobody',
      [key],
      ['X-API-Key', stranger],
      running,
      ['api_key_unknown: no such key, or another secret'],
      'api_key_unknown',
      null,
    ],
    [
      'no key',
      [key],
      ['X-API-Key', 'planted-secret'],
      running,
      ['api_key_malformed: shape or checksum'],
      'api_key_malformed',
      null,
    ],
    ['the first that is good', [key, basic], ['X-API-Key', good], running, ['accepted'], null, null],
    [
      'a password',
      [basic],
      ['Authorization', password],
      running,
      ['the password is not tried'],
      null,
      'the password is not tried',
    ],
    [
      'a password before a key',
      [basic, key],
      ['Authorization', password, 'X-API-Key', good],
      running,
      ['the password is not tried', 'accepted'],
      null,
      'the password is not tried',
    ],
    [
      'what a connection has',
      [certificate, key],
      [],
      running,
      ['it depends on the certificate of the client', 'not there'],
      null,
      'it depends on the certificate of the client',
    ],
    ['nothing, and none runs', [key], [], offline, ['not there'], 'authentication_required', null],
    [
      'a key, and none runs',
      [key],
      ['X-API-Key', good],
      offline,
      ['whose the credential is only a running gateway knows'],
      null,
      'whose the credential is only a running gateway knows',
    ],
    [
      'no key, and none runs',
      [key],
      ['X-API-Key', 'planted-secret'],
      offline,
      ['api_key_malformed: shape or checksum'],
      'api_key_malformed',
      null,
    ],
  ] as const)
    test(what, async () => {
      const { found, x } = await inspect(accepts, fields, kit)
      assert.deepEqual(
        found.facts.slice(0, expected.length).map(({ value }) => value),
        expected,
      )
      assert.equal(found.refusal?.failure ?? null, failure)
      assert.equal(found.unknown, unknown)
      // Who is not known is undecided for those behind, unless somebody is.
      const isOpen = unknown !== null && x.notes.get(identityNote) === undefined
      assert.equal(x.notes.get(undecidedNote) !== undefined, isOpen)
      for (const secret of [good, stranger, 'planted-secret', password])
        assert.ok(!JSON.stringify(found).includes(secret))
    })

  test('who it is, by the names of records, and for those behind', async () => {
    const { found, x } = await inspect([key], ['X-API-Key', good])
    assert.deepEqual(found.facts, [
      { name: 'an API key in the header X-API-Key', value: 'accepted' },
      { name: 'who', value: `key:${credential}` },
      { name: 'application', value: `acme/shop (${application})` },
      { name: 'scopes', value: ['read'] },
    ])
    assert.equal(x.notes.get(identityNote)?.application, application)
  })

  test('nobody, where a policy lets nobody in particular pass', async () => {
    const { found, x } = await inspect([key], [], running, { anonymous: true })
    assert.equal(found.refusal, null)
    assert.equal(x.notes.get(identityNote)?.kind, 'anonymous')
  })
})

suite('what explain finds of tokens', () => {
  const jwt: JwtAccept = {
    kind: 'jwt',
    issuer: 'https://login.example',
    audiences: [],
    jwksUri: null,
    algorithms: ['ES256'],
    leewayMs: 0,
    requiredScopes: [],
    requiredClaims: [],
    in: [{ where: 'bearer', name: 'Bearer' }],
    applicationClaim: '',
  }
  const token = async (exp: number): Promise<{ text: string; jwk: JWK }> => {
    const { publicKey, privateKey } = await generateKeyPair('ES256')
    const signed = new SignJWT({ iss: 'https://login.example', sub: 'ada', exp })
    const text = await signed.setProtectedHeader({ alg: 'ES256', kid: 'one' }).sign(privateKey)
    return { text, jwk: { ...(await exportJWK(publicKey)), kid: 'one' } }
  }

  test('whose it is, where the keys of the issuer are known', async () => {
    const { text, jwk } = await token(2_000)
    state.tables.patch(ISSUERS, { put: [[issuerKey(jwt), { keys: [jwk as RowValue] }]] })
    const { found } = await inspect([jwt], ['Authorization', `Bearer ${text}`])
    state.tables.patch(ISSUERS, { remove: [issuerKey(jwt)] })
    assert.deepEqual(found.facts.slice(1), [{ name: 'who', value: 'jwt:https://login.example#ada' }])
  })

  test('where they are not, nobody is asked for them', async () => {
    let asked = 0
    const answers = new Answers('explain test', () => Promise.resolve(++asked > 0))
    state.tables.patch(ISSUERS, { put: [['channel', 'explain test']] })
    const { text } = await token(2_000)
    const { found } = await inspect([jwt], ['Authorization', `Bearer ${text}`])
    answers.close()
    assert.equal(found.unknown, 'it depends on the keys of https://login.example')
    assert.equal(asked, 0)
  })

  test('that it has expired is plain to see', async () => {
    const { text } = await token(500)
    for (const kit of [running, offline]) {
      const { found } = await inspect([jwt], ['Authorization', `Bearer ${text}`], kit)
      assert.equal(found.refusal?.failure, 'token_expired')
    }
  })
})
