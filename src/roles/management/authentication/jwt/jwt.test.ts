import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { CompactSign, exportJWK, generateKeyPair, type JWK } from 'jose'
import { credentialRow } from '../../../../../test/support/credentials.ts'
import { exchange } from '../../../../../test/support/exchange.ts'
import { kit } from '../../../../../test/support/kit.ts'
import { sharedState } from '../../../../../test/support/shared-state.ts'
import { Answers } from '../../../../shared/questions.ts'
import { NodeState } from '../../../../shared/node-state.ts'
import type { RowValue } from '../../../../shared/table-writer.ts'
import { issuerKey } from '../../issuers/issuer.ts'
import { CREDENTIALS, ISSUERS } from '../../rows.ts'
import { isRefused, type Outcome } from '../acceptor.ts'
import type { JwtAccept } from '../config.ts'
import { JwtAcceptor } from './jwt.ts'

const NOW_S = 1_800_000_000
const accept: JwtAccept = {
  kind: 'jwt',
  issuer: 'https://login.example',
  audiences: ['pets'],
  jwksUri: null,
  algorithms: ['ES256', 'RS256'],
  leewayMs: 60_000,
  requiredScopes: [],
  requiredClaims: [],
  in: [{ where: 'bearer', name: 'Bearer' }],
  applicationClaim: '',
}

interface Signer {
  readonly jwk: JWK
  sign(claims?: Record<string, unknown>, header?: Record<string, unknown>): Promise<string>
}

async function signer(kid: string, alg = 'ES256'): Promise<Signer> {
  const { publicKey, privateKey } = await generateKeyPair(alg)
  return {
    jwk: { ...(await exportJWK(publicKey)), kid, use: 'sig' },
    sign: (claims = {}, header = {}) =>
      new CompactSign(
        Buffer.from(
          JSON.stringify({ iss: accept.issuer, aud: 'pets', sub: 'ada', exp: NOW_S + 600, ...claims })
            // A number of JSON that is beyond those of programs.
            .replaceAll(/"(-?1e999)"/g, '$1'),
        ),
      )
        .setProtectedHeader({ alg, kid, typ: 'at+jwt', ...header })
        .sign(privateKey),
  }
}

/** One worker, and who answers its questions about keys. */
class World implements Disposable {
  readonly node = new NodeState()
  nowS = NOW_S
  asked = 0
  /** What asking for keys comes to. */
  onAsked: () => void = () => {}
  /** When the issuer answers. */
  until: Promise<void> = Promise.resolve()
  private readonly state = sharedState(this.node)
  private readonly answers = new Answers('jwt test', async () => {
    this.asked++
    await this.until
    this.onAsked()
    return true
  })

  constructor() {
    this.node.tables.patch(ISSUERS, { put: [['channel', 'jwt test']] })
  }

  keys(...signers: readonly Signer[]): void {
    const keys = signers.map(({ jwk }) => jwk as RowValue)
    this.node.tables.patch(ISSUERS, { put: [[issuerKey(accept), { keys }]] })
  }

  acceptor(more: Partial<JwtAccept> = {}): JwtAcceptor {
    const one = { ...accept, ...more }
    const clock = { now: () => 0, sharedUs: () => 0, wallMs: () => this.nowS * 1000, after: () => () => {} }
    const parts = kit({ table: name => this.state.table(name), clock })
    const owned = { ...parts, keep: <T>(_: string, make: () => T) => make() }
    return new JwtAcceptor(one, { accepts: [one], policy: 'default/p', kit: owned })
  }

  [Symbol.dispose](): void {
    this.answers.close()
  }
}

const bearing = (token: string) => exchange({ fields: ['Authorization', `Bearer ${token}`] })

async function outcome(acceptor: JwtAcceptor, token: string): Promise<string> {
  return said(await acceptor.judge(bearing(token)))
}

function said(found: Outcome): string {
  if (found === null) return 'nothing'
  return isRefused(found) ? found.failure : found.principal
}

/** The same octets: of the last of 86 characters only two bits count. */
function withLastBit(signature: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return signature.slice(0, -1) + alphabet[alphabet.indexOf(signature.at(-1)!) ^ 1]!
}

suite('tokens', () => {
  test('a good one says who it is, and is known again without a promise', async () => {
    using world = new World()
    const key = await signer('one')
    world.keys(key)
    const acceptor = world.acceptor()
    const token = await key.sign({ scope: 'read write', azp: 'shop' })
    const first = acceptor.judge(bearing(token))
    assert.ok(first instanceof Promise)
    const { claims, ...identity } = (await first) as never as Record<string, unknown>
    assert.deepEqual(identity, {
      kind: 'jwt',
      principal: 'jwt:https://login.example#ada',
      credential: null,
      application: null,
      account: null,
      scopes: ['read', 'write'],
    })
    assert.equal((claims as Record<string, unknown>)['azp'], 'shop')
    assert.equal(said(acceptor.judge(bearing(token)) as Outcome), 'jwt:https://login.example#ada')
  })

  const table: readonly [
    what: string,
    claims: Record<string, unknown>,
    header: Record<string, unknown>,
    expected: string,
  ][] = [
    ['as it is to be', {}, {}, 'jwt:https://login.example#ada'],
    ['of type JWT', {}, { typ: 'JWT' }, 'jwt:https://login.example#ada'],
    ['without a type', {}, { typ: undefined }, 'jwt:https://login.example#ada'],
    ['for several audiences', { aud: ['cats', 'pets'] }, {}, 'jwt:https://login.example#ada'],
    ['of a client alone', { sub: undefined, client_id: 'job' }, {}, 'jwt:https://login.example#job'],
    ['of a type for something else', {}, { typ: 'logout+jwt' }, 'token_invalid'],
    ['of another issuer', { iss: 'https://evil.example' }, {}, 'token_invalid'],
    ['of an issuer with a "/" more', { iss: 'https://login.example/' }, {}, 'token_invalid'],
    ['for another audience', { aud: 'cats' }, {}, 'token_invalid'],
    ['for no audience', { aud: undefined }, {}, 'token_invalid'],
    ['without an end', { exp: undefined }, {}, 'token_invalid'],
    ['whose end is a text', { exp: String(NOW_S + 600) }, {}, 'token_invalid'],
    ['whose end never comes', { exp: '1e999' }, {}, 'token_invalid'],
    ['whose beginning has always been', { nbf: '-1e999' }, {}, 'token_invalid'],
    ['of nobody', { sub: undefined }, {}, 'token_invalid'],
    ['that has just expired', { exp: NOW_S - 59 }, {}, 'jwt:https://login.example#ada'],
    ['that has expired', { exp: NOW_S - 60 }, {}, 'token_expired'],
    ['that is nearly valid', { nbf: NOW_S + 60 }, {}, 'jwt:https://login.example#ada'],
    ['that is not valid yet', { nbf: NOW_S + 61 }, {}, 'token_expired'],
    ['with a key of another name', {}, { kid: 'two' }, 'token_invalid'],
    ['without the name of its key', {}, { kid: undefined }, 'jwt:https://login.example#ada'],
  ]
  for (const [what, claims, header, expected] of table)
    test(`one ${what}: ${expected}`, async () => {
      using world = new World()
      const key = await signer('one')
      world.keys(key)
      assert.equal(await outcome(world.acceptor(), await key.sign(claims, header)), expected)
    })

  test('what is no token, or was changed, or signed by an algorithm that is not allowed', async () => {
    using world = new World()
    const [key, rsa] = [await signer('one'), await signer('rsa', 'RS256')]
    world.keys(key, rsa)
    const acceptor = world.acceptor({ algorithms: ['ES256'] })
    const token = await key.sign()
    const [head = '', body = '', signature = ''] = token.split('.')
    const none = Buffer.from('{"alg":"none"}').toString('base64url')
    const mac = Buffer.from('{"alg":"HS256","kid":"one"}').toString('base64url')
    const critical = Buffer.from('{"alg":"ES256","kid":"one","crit":["b64"],"b64":false}').toString(
      'base64url',
    )
    const other = Buffer.from(
      JSON.stringify({ iss: accept.issuer, aud: 'pets', sub: 'eve', exp: NOW_S + 600 }),
    )
    for (const bad of [
      'opaque',
      `${head}.${body}`,
      `${head}.${body}.`,
      `${head}.${body}.${signature}.x`,
      // One good token must not be many to who remembers them.
      `${head}.${body}. ${signature}`,
      `${head}.${body}.${signature}=`,
      `${head}.${body}.${signature.replaceAll('-', '+').replaceAll('_', '/')}+`,
      `${head}.${body}.${withLastBit(signature)}`,
      `${head}.${other.toString('base64url')}.${signature}`,
      `${none}.${body}.`,
      `${mac}.${body}.${signature}`,
      `${critical}.${body}.${signature}`,
      await rsa.sign(),
      'a'.repeat(20_000),
    ])
      assert.equal(await outcome(acceptor, bad), 'token_invalid', bad.slice(0, 60))
    // And none of that has made a good one bad.
    assert.equal(await outcome(acceptor, token), 'jwt:https://login.example#ada')
  })

  test('one that was known again expires, by the clock of each request', async () => {
    using world = new World()
    const key = await signer('one')
    world.keys(key)
    const acceptor = world.acceptor({ leewayMs: 0 })
    const token = await key.sign()
    assert.equal(await outcome(acceptor, token), 'jwt:https://login.example#ada')
    world.nowS = NOW_S + 600
    assert.equal(await outcome(acceptor, token), 'token_expired')
  })

  test('an unknown key makes the issuer be asked; one that has gone is not believed any more', async () => {
    using world = new World()
    const [old, young] = [await signer('old'), await signer('young')]
    world.keys(old)
    const acceptor = world.acceptor()
    const before = await old.sign()
    assert.equal(await outcome(acceptor, before), 'jwt:https://login.example#ada')
    world.onAsked = () => world.keys(young)
    assert.equal(await outcome(acceptor, await young.sign()), 'jwt:https://login.example#ada')
    assert.equal(world.asked, 1)
    assert.equal(await outcome(acceptor, before), 'token_invalid')
  })

  test('as long as no key was ever had it is an outage, and no fault of the client', async () => {
    using world = new World()
    const key = await signer('one')
    const acceptor = world.acceptor()
    assert.equal(await outcome(acceptor, await key.sign()), 'issuer_unavailable')
    world.onAsked = () => world.keys(key)
    assert.equal(await outcome(acceptor, await key.sign()), 'jwt:https://login.example#ada')
  })

  test('its client is an application, for as long as that is recorded', async () => {
    using world = new World()
    const key = await signer('one')
    world.keys(key)
    const acceptor = world.acceptor()
    const token = await key.sign({ azp: 'shop' })
    const application = async () => {
      const found = await acceptor.judge(bearing(token))
      return found === null || isRefused(found) ? said(found) : found.application
    }
    assert.equal(await application(), null)
    const row = 'client https://login.example shop'
    world.node.tables.patch(CREDENTIALS, { put: [[row, credentialRow({ kind: 'client' })]] })
    assert.equal(await application(), credentialRow().application)
    assert.equal(await application(), credentialRow().application)
    world.node.tables.patch(CREDENTIALS, { remove: [row] })
    assert.equal(await application(), null)
  })

  test('what a policy asks of scopes and claims', async () => {
    using world = new World()
    const key = await signer('one')
    world.keys(key)
    const acceptor = world.acceptor({
      requiredScopes: ['read', 'write'],
      requiredClaims: [{ name: 'realm.roles', values: ['keeper', 'vet'] }],
    })
    const claims = { realm: { roles: ['guest', 'vet'] } }
    for (const [more, expected] of [
      [{ scope: 'write read', ...claims }, 'jwt:https://login.example#ada'],
      [{ scp: ['read', 'write'], ...claims }, 'jwt:https://login.example#ada'],
      [{ scope: 'read', ...claims }, 'insufficient_scope'],
      [{ scope: 'readwrite', ...claims }, 'insufficient_scope'],
      [{ scope: 'read write', realm: { roles: ['guest'] } }, 'access_denied'],
      [{ scope: 'read write' }, 'access_denied'],
    ] as const)
      assert.equal(await outcome(acceptor, await key.sign(more)), expected, JSON.stringify(more))
    const refused = await acceptor.judge(bearing(await key.sign()))
    assert.deepEqual(refused !== null && isRefused(refused) && refused.fields, [
      'WWW-Authenticate',
      'Bearer realm="default/p", scope="read write", error="insufficient_scope"',
    ])
  })

  test('a client that has many wrong ones verified does not hold up another', async () => {
    using world = new World()
    const [key, other] = [await signer('one'), await signer('one')]
    world.keys(key)
    const acceptor = world.acceptor()
    const wrong = await Promise.all(Array.from({ length: 60 }, (_, i) => other.sign({ jti: String(i) })))
    const judged = wrong.map(token => Promise.resolve(acceptor.judge(bearing(token))))
    const neighbour = exchange({ fields: ['Authorization', `Bearer ${await key.sign()}`] }, [], 200, {
      clientAddress: '198.51.100.7',
    })
    assert.equal(said(await acceptor.judge(neighbour)), 'jwt:https://login.example#ada')
    const outcomes = (await Promise.all(judged)).map(said)
    assert.deepEqual([...new Set(outcomes)].toSorted(), ['proxy_overloaded', 'token_invalid'])
    assert.equal(await outcome(acceptor, await key.sign()), 'jwt:https://login.example#ada')
  })

  test('who waits for keys of an issuer that does not answer holds up nobody whose key is known', async () => {
    using world = new World()
    const [key, other] = [await signer('one'), await signer('two')]
    world.keys(key)
    const acceptor = world.acceptor()
    const { promise: away, resolve: back } = Promise.withResolvers<void>()
    world.until = away
    const unknown = await Promise.all(Array.from({ length: 60 }, (_, i) => other.sign({ jti: String(i) })))
    const judged = []
    for (const token of unknown) {
      judged.push(Promise.resolve(acceptor.judge(bearing(token))))
      await new Promise(setImmediate)
    }
    // Of the same client.
    assert.equal(await outcome(acceptor, await key.sign()), 'jwt:https://login.example#ada')
    // Most of them were told at once: who sends what nobody can know holds few exchanges. A neighbour has a place to wait.
    const neighbour = exchange(
      { fields: ['Authorization', `Bearer ${await other.sign({ jti: 'n' })}`] },
      [],
      200,
      {
        clientAddress: '198.51.100.7',
      },
    )
    const waits = Promise.resolve(acceptor.judge(neighbour))
    await new Promise(setImmediate)
    world.onAsked = () => world.keys(key, other)
    back()
    assert.equal(said(await waits), 'jwt:https://login.example#ada')
    assert.equal(world.asked, 1)
    const told = (await Promise.all(judged)).map(said)
    assert.equal(told.filter(one => one === 'token_invalid').length, 60 - 16)
  })
})
