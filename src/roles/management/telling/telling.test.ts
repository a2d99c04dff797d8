import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { createLocalJWKSet, decodeJwt, jwtVerify, type JSONWebKeySet } from 'jose'
import { exchange, origin } from '../../../../test/support/exchange.ts'
import { kit } from '../../../../test/support/kit.ts'
import { sharedState } from '../../../../test/support/shared-state.ts'
import type { Exchange, Filter } from '../../../filters/filter.ts'
import {
  askedApiNote,
  identityNote,
  overQuotaNote,
  subscribedNote,
  type Identity,
} from '../../../filters/identity.ts'
import { HINT_OWN } from '../../../http/head.ts'
import { serializeRequest } from '../../../http/h1/serialize.ts'
import { NodeState } from '../../../shared/node-state.ts'
import { SIGNING_KEYS } from '../rows.ts'
import { dueMs, firstKeys, nextKeys, parseKeys, publicSet, type SigningKeys } from './signing-keys.ts'
import { fieldText } from './told.ts'
import { upstreamIdentity } from './upstream-identity.ts'

const ada: Identity = {
  kind: 'api-key',
  principal: 'key:c1',
  credential: 'c1',
  application: 'app1',
  account: 'acc1',
  scopes: ['read', 'write'],
  claims: {},
}

class World {
  readonly node = new NodeState()
  now = 1_000_000_000
  keys: SigningKeys
  readonly filter: Filter

  constructor() {
    this.keys = firstKeys(this.now)
    this.use(this.keys)
    const state = sharedState(this.node)
    this.filter = upstreamIdentity.compile(
      { type: 'upstream-identity', origin },
      kit({
        table: name => state.table(name),
        clock: { now: () => 0, sharedUs: () => 0, wallMs: () => this.now, after: () => () => {} },
      }),
    )
  }

  use(keys: SigningKeys): void {
    this.keys = keys
    const { kid, jwk } = keys.current
    this.node.tables.replace(SIGNING_KEYS, new Map([['current', { kid, jwk: { ...jwk } }]]))
  }

  /** What the backend is told of a request of this identity. */
  told(
    identity: Identity | null,
    write: (x: Exchange) => void = () => {},
    fields: readonly string[] = [],
  ): Exchange {
    const x = exchange({ fields, hints: fields.length > 0 ? HINT_OWN : 0 })
    if (identity !== null) x.notes.set(identityNote, identity)
    write(x)
    assert.equal(this.filter.request!(x), undefined)
    return x
  }

  verify(token: string, audience = 'default/pets') {
    const set = createLocalJWKSet(JSON.parse(publicSet(this.keys)) as JSONWebKeySet)
    return jwtVerify(token, set, {
      issuer: 'portcullis',
      audience,
      algorithms: ['ES256'],
      currentDate: new Date(this.now),
    })
  }
}

const asking = (x: Exchange): void => {
  x.notes.set(askedApiNote, { api: 'default/pets', version: 'v1', operation: 'listPets' })
  x.notes.set(subscribedNote, { product: 'default/zoo', plan: 'default/gold', subscription: 's1' })
}

const tokenOf = (x: Exchange): string => x.request.fields.get('x-portcullis-identity') ?? ''

suite('what a backend is told', () => {
  test('is who asks, of which API, by which plan, in fields and in a token that others can verify', async () => {
    const world = new World()
    const x = world.told(ada, one => {
      asking(one)
      one.notes.set(overQuotaNote, true)
    })
    const { list } = x.request.fields
    const token = tokenOf(x)
    assert.deepEqual(list, [
      'X-Portcullis-Principal',
      'key:c1',
      'X-Portcullis-Credential',
      'c1',
      'X-Portcullis-Application',
      'app1',
      'X-Portcullis-Account',
      'acc1',
      'X-Portcullis-Scopes',
      'read write',
      'X-Portcullis-Api',
      'default/pets',
      'X-Portcullis-Api-Version',
      'v1',
      'X-Portcullis-Product',
      'default/zoo',
      'X-Portcullis-Plan',
      'default/gold',
      'X-Portcullis-Subscription',
      's1',
      'X-Portcullis-Identity',
      token,
      'X-Portcullis-Operation',
      'listPets',
      'X-Portcullis-Over-Quota',
      'true',
    ])
    const lines = serializeRequest(x.request).split('\r\n')
    assert.ok(
      lines.includes(`X-Portcullis-Identity: ${token}`) && lines.includes('X-Portcullis-Plan: default/gold'),
    )
    const { payload, protectedHeader } = await world.verify(token)
    assert.equal(protectedHeader.kid, world.keys.current.kid)
    assert.deepEqual(payload, {
      iss: 'portcullis',
      sub: 'key:c1',
      aud: 'default/pets',
      iat: 1_000_000,
      exp: 1_000_120,
      kind: 'api-key',
      credential: 'c1',
      application: 'app1',
      account: 'acc1',
      scope: 'read write',
      version: 'v1',
      product: 'default/zoo',
      plan: 'default/gold',
      subscription: 's1',
    })
    await assert.rejects(world.verify(token, 'default/other'))
  })

  test('of nobody in particular is told as such, and of an unknown API its route is the audience', async () => {
    const world = new World()
    const anonymous: Identity = {
      ...ada,
      kind: 'anonymous',
      principal: 'anonymous',
      credential: null,
      application: null,
      account: null,
      scopes: [],
    }
    const x = world.told(anonymous)
    assert.deepEqual(x.request.fields.list.slice(0, -1), [
      'X-Portcullis-Principal',
      'anonymous',
      'X-Portcullis-Identity',
    ])
    assert.equal((await world.verify(tokenOf(x), 'httproute/default/test')).payload.sub, 'anonymous')
  })

  test('takes the place of what a trusted hop has said, where it is known better', () => {
    const world = new World()
    const hop = ['A', 'b', 'X-Portcullis-Plan', 'platinum', 'x-portcullis-principal', 'root']
    const x = world.told(ada, () => {}, hop)
    assert.deepEqual(x.request.fields.combined('x-portcullis-principal'), 'key:c1')
    assert.equal(x.request.fields.has('x-portcullis-plan'), false)
    assert.deepEqual(world.told(null, () => {}, hop).request.fields.list, hop)
  })

  test('is told once, wherever it is to be told', () => {
    const world = new World()
    const x = world.told(ada, asking)
    const before = [...x.request.fields.list]
    assert.equal(world.filter.request!(x), undefined)
    assert.deepEqual(x.request.fields.list, before)
  })

  test('is signed once a minute for each identity, API and plan, and anew when the key changes', async () => {
    const world = new World()
    const first = tokenOf(world.told(ada, asking))
    world.now += 59_000
    assert.equal(tokenOf(world.told(ada, asking)), first)
    const elsewhere = tokenOf(world.told(ada))
    assert.notEqual(elsewhere, first)
    assert.equal(tokenOf(world.told(ada, asking)), first)
    // Sent last, it is good for a minute more.
    await world.verify(first)
    world.now += 1_000
    const second = tokenOf(world.told(ada, asking))
    assert.notEqual(second, first)
    assert.notEqual(tokenOf(world.told({ ...ada, principal: 'key:c2' }, asking)), second)
    world.use(nextKeys(world.keys, world.now))
    const third = tokenOf(world.told(ada, asking))
    assert.equal((await world.verify(third)).protectedHeader.kid, world.keys.current.kid)
    // The one before is still verified, the one that is to come was known before it signs.
    await world.verify(second)
    world.now += 121_000
    await assert.rejects(world.verify(second), { code: 'ERR_JWT_EXPIRED' })
  })

  test('without a key is told by fields alone', () => {
    const world = new World()
    world.node.tables.replace(SIGNING_KEYS, new Map())
    const x = world.told(ada)
    assert.equal(x.request.fields.get('x-portcullis-principal'), 'key:c1')
    assert.equal(tokenOf(x), '')
  })

  for (const [text, expected] of [
    ['key:c1', 'key:c1'],
    ['jwt:https://id.example/#a b', 'jwt:https://id.example/#a b'],
    ['50%', '50%25'],
    ['a\r\nX-Admin: 1', 'a%0D%0AX-Admin: 1'],
    ['Ádám', '%C3%81d%C3%A1m'],
    [' a  b ', '%20a %20b%20'],
    ['\ud800', '%EF%BF%BD'],
    ['🔑', '%F0%9F%94%91'],
  ] as const)
    test(`${JSON.stringify(text)} is written ${expected}`, () => assert.equal(fieldText(text), expected))

  test('any text is a value of a field, from which it can be had back', () =>
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), text => {
        const written = fieldText(text)
        assert.match(written, /^[\x21-\x7e]+(?: [\x21-\x7e]+)*$/)
        assert.equal(decodeURIComponent(written), text.toWellFormed())
      }),
    ))

  test('a token says of whom it is, whatever he is called', () => {
    const world = new World()
    const x = world.told({ ...ada, principal: 'jwt:x#Ádám\r\n' })
    assert.equal(decodeJwt(tokenOf(x)).sub, 'jwt:x#Ádám\r\n')
    assert.doesNotThrow(() => serializeRequest(x.request))
  })
})

suite('keys that sign', () => {
  test('are read as they were written, and not otherwise', () => {
    const keys = nextKeys(firstKeys(1), 2)
    assert.deepEqual(parseKeys(JSON.stringify(keys)), keys)
    for (const broken of [
      '',
      '{}',
      JSON.stringify({ ...keys, next: null }),
      JSON.stringify({ ...keys, current: { ...keys.current, kid: keys.next.kid } }),
      JSON.stringify({ ...keys, current: { ...keys.current, jwk: { ...keys.current.jwk, d: 'x' } } }),
    ])
      assert.equal(parseKeys(broken), null, broken.slice(0, 40))
  })

  test('are told without what signs, each before it signs and after', () => {
    const first = firstKeys(1_000)
    const second = nextKeys(first, dueMs(first))
    const kids = (keys: SigningKeys) =>
      (JSON.parse(publicSet(keys)) as JSONWebKeySet).keys.map(({ kid }) => kid)
    assert.deepEqual(kids(first), [first.current.kid, first.next.kid])
    assert.deepEqual(kids(second), [first.next.kid, second.next.kid, first.current.kid])
    for (const { jwk } of [second.current, second.next, second.previous!])
      assert.ok(!publicSet(second).includes(jwk.d))
    assert.equal(dueMs(second) - dueMs(first), 30 * 24 * 3_600_000)
  })
})
