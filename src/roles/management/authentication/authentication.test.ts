import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { credentialRow, peppers, putKey, putPeppers } from '../../../../test/support/credentials.ts'
import { exchange, origin } from '../../../../test/support/exchange.ts'
import { kit } from '../../../../test/support/kit.ts'
import { loggedOf } from '../../../../test/support/logged.ts'
import { sharedState } from '../../../../test/support/shared-state.ts'
import type { ClientCertificate, Exchange, Failure, Filter, Verdict } from '../../../filters/filter.ts'
import { identityNote } from '../../../filters/identity.ts'
import { allTaken } from '../../../filters/taken.ts'
import { NodeState } from '../../../shared/node-state.ts'
import type { Drainable } from '../../../upstream/keep.ts'
import { hashPassword } from '../credentials/passwords.ts'
import { CREDENTIALS, RECORDS } from '../rows.ts'
import { authentication } from './authentication.ts'
import type { Accept, AuthenticationConfig } from './config.ts'

const inHeader = { kind: 'api-key', in: [{ where: 'header', name: 'X-API-Key' }] } as const
const everywhere = {
  kind: 'api-key',
  in: [
    { where: 'header', name: 'X-API-Key' },
    { where: 'bearer', name: 'Bearer' },
    { where: 'query', name: 'api_key' },
    { where: 'cookie', name: 'key' },
  ],
} as const

/** A node with peppers, and policies of one worker of it; `now` is the wall clock. */
class World {
  readonly node = new NodeState()
  now = 1_000_000
  readonly told: unknown[] = []
  private readonly due: (() => void)[] = []
  private readonly state = sharedState(this.node)
  private readonly kept = new Map<string, Drainable>()

  constructor() {
    putPeppers(this.node.tables)
  }

  policy(accepts: readonly Accept[], more: Partial<AuthenticationConfig> = {}): Filter {
    const { kept } = this
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
    return authentication.compile(
      config,
      kit({
        table: name => this.state.table(name),
        clock: {
          now: () => 0,
          sharedUs: () => 0,
          wallMs: () => this.now,
          after: (_, run) => {
            this.due.push(run)
            return () => {}
          },
        },
        tell: (_, message) => void this.told.push(message),
        keep<T extends Drainable>(key: string, make: () => T): T {
          const one = kept.get(key) ?? make()
          kept.set(key, one)
          return one as T
        },
      }),
    )
  }

  /** Timers run. */
  later(): void {
    for (const run of this.due.splice(0)) run()
  }

  [Symbol.dispose](): void {
    for (const one of this.kept.values()) one.drain()
  }
}

const request = (fields: readonly string[] = [], query = '', more: Partial<Exchange> = {}): Exchange =>
  exchange({ fields, query }, [], 200, more)

async function verdictOf(policy: Filter, x: Exchange): Promise<Verdict> {
  return policy.request!(x)
}

async function failureOf(policy: Filter, x: Exchange): Promise<string> {
  const verdict = await verdictOf(policy, x)
  return verdict === undefined ? '' : (verdict as Failure).failure
}

const principalOf = (x: Exchange): string | undefined => x.notes.get(identityNote)?.principal

suite('API keys', () => {
  for (const [what, fieldsOf, queryOf] of [
    ['the header', (key: string) => ['X-API-Key', key], () => ''],
    ['Authorization', (key: string) => ['Authorization', `Bearer ${key}`], () => ''],
    ['the query', () => [], (key: string) => `?api_key=${key}`],
    ['the cookie', (key: string) => ['Cookie', `key=${key}`], () => ''],
    [
      'several places at once',
      (key: string) => ['X-API-Key', key, 'Authorization', `Bearer ${key}`],
      (key: string) => `?api_key=${key}`,
    ],
  ] as const)
    for (const forwardCredentials of [false, true])
      test(`from ${what} ${forwardCredentials ? 'goes on' : 'is taken out'}`, async () => {
        using world = new World()
        const { text } = putKey(world.node.tables, { scopes: ['read'] })
        const x = request(['A', 'b', ...fieldsOf(text)], queryOf(text))
        const before = JSON.stringify([x.request.fields.list, x.request.query])
        assert.equal(await failureOf(world.policy([everywhere], { forwardCredentials }), x), '')
        const { credential, application, account } = credentialRow()
        assert.deepEqual(x.notes.get(identityNote), {
          kind: 'api-key',
          principal: `key:${credential}`,
          credential,
          application,
          account,
          scopes: ['read'],
          claims: {},
        })
        const logged = loggedOf(x.notes)
        assert.deepEqual(logged, {
          'portcullis.principal': `key:${credential}`,
          'portcullis.application': application,
        })
        const left = JSON.stringify([x.request.fields.list, x.request.query])
        if (forwardCredentials) assert.equal(left, before)
        else assert.equal(left, '[["A","b"],""]')
        assert.ok(!JSON.stringify(logged).includes(text))
        assert.equal(
          allTaken(x).includes(text) || allTaken(x).includes(`Bearer ${text}`),
          !forwardCredentials,
        )
      })

  for (const [what, change, failure] of [
    ['nothing', () => '', 'authentication_required'],
    ['another secret', (key: string) => key, 'api_key_unknown'],
    ['no key', () => 'hunter2', 'api_key_malformed'],
    [
      'a wrong checksum',
      (key: string) => `${key.slice(0, -1)}${key.endsWith('0') ? '1' : '0'}`,
      'api_key_malformed',
    ],
    ['half of one', (key: string) => key.slice(0, 40), 'api_key_malformed'],
    ['much', () => `pc_live_${'a'.repeat(60_000)}`, 'api_key_malformed'],
  ] as const)
    test(`${what} is ${failure}, also where nobody in particular may pass`, async () => {
      using world = new World()
      const { keyId } = putKey(world.node.tables)
      // Of the same form and id as the real one, with another secret: only its hash tells.
      const other = putKey(world.node.tables, { credential: 'other' })
      world.node.tables.patch(CREDENTIALS, {
        put: [[`key ${other.keyId}`, credentialRow({ hash: 'B'.repeat(43), pepper: 2 })]],
      })
      assert.notEqual(keyId, other.keyId)
      const sent = change(other.text)
      for (const anonymous of [false, true]) {
        const x = request(sent === '' ? [] : ['X-API-Key', sent])
        const expected = anonymous && sent === '' ? '' : failure
        assert.equal(await failureOf(world.policy([inHeader], { anonymous }), x), expected)
        assert.equal(principalOf(x), expected === '' ? 'anonymous' : undefined)
      }
    })

  test('two that differ are refused, and not tried one after the other', async () => {
    using world = new World()
    const one = putKey(world.node.tables).text
    const two = putKey(world.node.tables).text
    const policy = world.policy([everywhere], { anonymous: true })
    for (const [fields, query] of [
      [['X-API-Key', one], `?api_key=${two}`],
      [['X-API-Key', one, 'Authorization', `Bearer ${two}`], ''],
      [['X-API-Key', one, 'X-API-Key', two], ''],
      [[], `?api_key=${one}&api_key=${two}`],
      [['Cookie', `key=${one}; key=${two}`], ''],
      [['X-API-Key', one, 'Cookie', 'key=nonsense'], ''],
    ] as const)
      assert.equal(await failureOf(policy, request(fields, query)), 'credential_conflict')
  })

  test('a token for the backend in Authorization is left alone beside a key in the header', async () => {
    using world = new World()
    const { text } = putKey(world.node.tables)
    const x = request(['X-API-Key', text, 'Authorization', 'Bearer of-the-backend'])
    assert.equal(await failureOf(world.policy([everywhere]), x), '')
    assert.deepEqual(x.request.fields.list, ['Authorization', 'Bearer of-the-backend'])
    const alone = request(['Authorization', 'Bearer of-the-backend'])
    assert.equal(await failureOf(world.policy([everywhere], { anonymous: true }), alone), 'api_key_malformed')
    const other = request(['Authorization', 'Basic of-the-backend'])
    assert.equal(await failureOf(world.policy([everywhere], { anonymous: true }), other), '')
    assert.deepEqual(other.request.fields.list, ['Authorization', 'Basic of-the-backend'])
  })

  test('a key is valid from one moment to another, by the clock of each request', async () => {
    using world = new World()
    const { text } = putKey(world.node.tables, { notBeforeMs: 2_000, expiresMs: 3_000 })
    const policy = world.policy([inHeader])
    for (const [now, expected] of [
      [1_999, 'api_key_expired'],
      [2_000, ''],
      [2_999, ''],
      [3_000, 'api_key_expired'],
      [2_500, ''],
    ] as const) {
      world.now = now
      assert.equal(await failureOf(policy, request(['X-API-Key', text])), expected, String(now))
    }
  })

  test('nothing of a key passes once it is revoked, changed or replaced, and another one is not touched', async () => {
    using world = new World()
    const { tables } = world.node
    const policy = world.policy([inHeader])
    const { text, keyId, hash, pepper } = putKey(tables)
    const other = putKey(tables, { credential: 'other' })
    const ask = async (key: string): Promise<string> => {
      const x = request(['X-API-Key', key])
      const failure = await failureOf(policy, x)
      return failure === '' ? `${x.notes.get(identityNote)!.scopes.join()}` : failure
    }
    assert.deepEqual([await ask(text), await ask(text), await ask(other.text)], ['', '', ''])
    const put = (more: object): void =>
      tables.patch(CREDENTIALS, { put: [[`key ${keyId}`, credentialRow({ hash, pepper, ...more })]] })
    put({ scopes: ['write'] })
    assert.equal(await ask(text), 'write')
    put({ hash: 'B'.repeat(43) })
    assert.equal(await ask(text), 'api_key_unknown')
    put({ scopes: [] })
    assert.equal(await ask(text), '')
    put({ kind: 'client' })
    assert.equal(await ask(text), 'api_key_unknown')
    tables.patch(CREDENTIALS, { remove: [`key ${keyId}`] })
    assert.equal(await ask(text), 'api_key_unknown')
    assert.equal(await ask(other.text), '')
    // So many that the table is made anew more than once.
    for (let i = 0; i < 500; i++) putKey(tables, { credential: `more ${i}` })
    assert.deepEqual([await ask(other.text), await ask(text)], ['', 'api_key_unknown'])
  })

  test('two keys of one application overlap while one is rotated, each under its own pepper', async () => {
    using world = new World()
    const old = putKey(world.node.tables, { credential: 'old' }, { ...peppers, current: 1 })
    const young = putKey(world.node.tables, { credential: 'young' })
    assert.deepEqual([old.pepper, young.pepper], [1, 2])
    const policy = world.policy([inHeader])
    for (const [key, credential] of [
      [old, 'old'],
      [young, 'young'],
    ] as const) {
      const x = request(['X-API-Key', key.text])
      assert.equal(await failureOf(policy, x), '')
      assert.equal(principalOf(x), `key:${credential}`)
    }
  })

  test('a pepper that is not there is an outage, and no fault of the client', async () => {
    using world = new World()
    const { text } = putKey(world.node.tables, { pepper: 9 })
    assert.equal(
      await failureOf(world.policy([inHeader]), request(['X-API-Key', text])),
      'authorization_unavailable',
    )
  })
})

suite('a 401', () => {
  test('says what to bring and where to get it, and not whether a key exists', async () => {
    using world = new World()
    const signup = 'https://example.com/keys'
    const policy = world.policy([everywhere, { kind: 'basic', realm: 'r' }], { signup })
    const verdict = (await verdictOf(policy, request())) as Failure
    assert.deepEqual(verdict.fields, [
      'WWW-Authenticate',
      'Bearer realm="default/p"',
      'WWW-Authenticate',
      'Basic realm="r", charset="UTF-8"',
      'Link',
      `<${signup}>; rel="help"`,
    ])
    assert.match(
      String(verdict.members?.['help']),
      /^Send an API key in the header X-API-Key or .*https:\/\/example\.com\/keys$/,
    )
    const { text, keyId } = putKey(world.node.tables)
    world.node.tables.patch(CREDENTIALS, { remove: [`key ${keyId}`] })
    const gone = await verdictOf(policy, request(['X-API-Key', text]))
    const wrong = putKey(world.node.tables, { hash: 'B'.repeat(43) })
    assert.deepEqual(await verdictOf(policy, request(['X-API-Key', wrong.text])), gone)
    assert.ok(!JSON.stringify(gone).includes(text))
    assert.match(String((gone as Failure).fields![1]), /error="invalid_token"/)
  })
})

suite('certificates', () => {
  const certificate: ClientCertificate = {
    subject: 'CN=shop,O=Example',
    names: ['DNS:shop.example', 'URI:spiffe://a/b'],
  }

  for (const [what, keys, subjects, principal, failure] of [
    ['its subject is recorded', ['CN=shop,O=Example'], null, 'cert:CN=shop,O=Example', ''],
    ['an alternative name is recorded', ['URI:spiffe://a/b'], null, 'cert:URI:spiffe://a/b', ''],
    [
      'nothing of it is recorded',
      ['DNS:other.example', 'shop.example'],
      null,
      undefined,
      'authentication_failed',
    ],
    ['it is let through by name', [], ['DNS:shop.example'], 'cert:DNS:shop.example', ''],
    [
      'what is recorded is not let through',
      ['CN=shop,O=Example'],
      ['CN=other'],
      undefined,
      'authentication_failed',
    ],
  ] as const)
    test(`where ${what}`, async () => {
      using world = new World()
      for (const key of keys)
        world.node.tables.patch(CREDENTIALS, {
          put: [[`cert ${key}`, credentialRow({ kind: 'certificate' })]],
        })
      const x = request([], '', { certificate })
      assert.equal(
        await failureOf(world.policy([{ kind: 'certificate', subjects }], { anonymous: true }), x),
        failure,
      )
      assert.equal(principalOf(x), principal)
      assert.equal(
        x.notes.get(identityNote)?.application ?? null,
        failure === '' && keys.length > 0 ? credentialRow().application : null,
      )
    })

  test('without one there is nothing', async () => {
    using world = new World()
    const accepts = [{ kind: 'certificate', subjects: null }] as const
    assert.equal(await failureOf(world.policy(accepts), request()), 'authentication_required')
  })

  test('one that was recorded for another time is refused', async () => {
    using world = new World()
    const row = credentialRow({ kind: 'certificate', expiresMs: 5 })
    world.node.tables.patch(CREDENTIALS, { put: [['cert CN=shop,O=Example', row]] })
    const x = request([], '', { certificate })
    assert.equal(
      await failureOf(world.policy([{ kind: 'certificate', subjects: null }]), x),
      'authentication_failed',
    )
  })
})

const basic = (text: string): readonly string[] => [
  'Authorization',
  `Basic ${Buffer.from(text).toString('base64')}`,
]

suite('basic', () => {
  test('user and password are hashed slowly, and those of nobody too', async () => {
    using world = new World()
    const hash = await hashPassword('correct horse')
    world.node.tables.patch(CREDENTIALS, { put: [['basic ada', credentialRow({ kind: 'basic', hash })]] })
    const policy = world.policy([{ kind: 'basic', realm: 'r' }], { anonymous: true })
    const x = request(basic('ada:correct horse'))
    assert.equal(await failureOf(policy, x), '')
    assert.deepEqual([principalOf(x), x.request.fields.list], ['basic:ada', []])
    for (const wrong of ['ada:wrong horse', 'eve:correct horse', 'ada:', ':'])
      assert.equal(await failureOf(policy, request(basic(wrong))), 'authentication_failed', wrong)
    assert.equal(await failureOf(policy, request(['Authorization', 'Basic !'])), 'authentication_failed')
    assert.equal(await failureOf(policy, request(['Authorization', 'Negotiate x'])), '')
    // Known again, without a hash: the answer is there at once.
    assert.equal(policy.request!(request(basic('ada:correct horse'))), undefined)
    world.node.tables.patch(CREDENTIALS, { remove: ['basic ada'] })
    assert.equal(await failureOf(policy, request(basic('ada:correct horse'))), 'authentication_failed')
  })

  test('one that is revoked while its password is hashed does not pass', async () => {
    using world = new World()
    const hash = await hashPassword('correct horse')
    world.node.tables.patch(CREDENTIALS, { put: [['basic ada', credentialRow({ kind: 'basic', hash })]] })
    const policy = world.policy([{ kind: 'basic', realm: 'r' }])
    const asked = failureOf(policy, request(basic('ada:correct horse')))
    world.node.tables.patch(CREDENTIALS, { remove: ['basic ada'] })
    assert.equal(await asked, 'authentication_failed')
  })
})

suite('several kinds and policies', () => {
  const certificate: ClientCertificate = { subject: 'CN=shop', names: [] }

  test('any kind of a policy is enough, the first good one says who it is, and what is bad lets nobody in', async () => {
    using world = new World()
    const { tables } = world.node
    const { text } = putKey(tables)
    tables.patch(CREDENTIALS, {
      put: [['cert CN=shop', credentialRow({ kind: 'certificate', credential: 'c' })]],
    })
    const accepts = [
      inHeader,
      { kind: 'certificate', subjects: null },
      { kind: 'basic', realm: 'r' },
    ] as const
    const policy = world.policy(accepts, { anonymous: true })
    for (const [fields, more, failure, principal] of [
      [['X-API-Key', text], {}, '', `key:${credentialRow().credential}`],
      [['X-API-Key', text], { certificate }, '', `key:${credentialRow().credential}`],
      [['X-API-Key', 'bad'], { certificate }, '', 'cert:CN=shop'],
      [[], { certificate }, '', 'cert:CN=shop'],
      [['X-API-Key', 'bad'], {}, 'api_key_malformed', undefined],
      [
        ['X-API-Key', 'bad'],
        { certificate: { subject: 'CN=other', names: [] } },
        'api_key_malformed',
        undefined,
      ],
      [['X-API-Key', 'bad', ...basic('eve:x')], {}, 'api_key_malformed', undefined],
      [basic('eve:x'), {}, 'authentication_failed', undefined],
      [[], {}, '', 'anonymous'],
    ] as const) {
      const x = request(fields, '', more)
      assert.deepEqual(
        [await failureOf(policy, x), principalOf(x)],
        [failure, principal],
        JSON.stringify([fields, more]),
      )
    }
  })

  test('each policy must be satisfied, also by what an outer one has taken out', async () => {
    using world = new World()
    const { text } = putKey(world.node.tables)
    const outer = world.policy([everywhere])
    for (const [fields, query] of [
      [['X-API-Key', text], ''],
      [['Authorization', `Bearer ${text}`], ''],
      [[], `?api_key=${text}`],
      [['Cookie', `key=${text}`], ''],
    ] as const) {
      const x = request(fields, query)
      assert.equal(await failureOf(outer, x), '')
      assert.deepEqual([x.request.fields.list, x.request.query], [[], ''])
      assert.equal(await failureOf(world.policy([everywhere]), x), '')
    }
    const x = request(['X-API-Key', text])
    assert.equal(await failureOf(outer, x), '')
    const elsewhere = { kind: 'api-key', in: [{ where: 'header', name: 'X-Other' }] } as const
    assert.equal(await failureOf(world.policy([elsewhere]), x), 'authentication_required')
  })

  for (const [what, order, expected] of [
    ['the nearest with an application', ['certificate', 'key'], 'key'],
    ['one with an application, although it is farther', ['key', 'stranger'], 'key'],
    ['the nearest of two with one', ['key', 'certificate'], 'certificate'],
    ['anybody before nobody', ['stranger', 'anonymous'], 'stranger'],
    ['the nearest before nobody', ['anonymous', 'stranger'], 'stranger'],
  ] as const)
    test(`of several ${what} counts`, async () => {
      using world = new World()
      const { text } = putKey(world.node.tables, { credential: 'k' })
      world.node.tables.patch(CREDENTIALS, {
        put: [['cert CN=shop', credentialRow({ kind: 'certificate', credential: 'c' })]],
      })
      const policies = {
        key: world.policy([inHeader]),
        certificate: world.policy([{ kind: 'certificate', subjects: null }]),
        stranger: world.policy([{ kind: 'certificate', subjects: ['DNS:stranger'] }]),
        anonymous: world.policy([{ kind: 'basic', realm: 'r' }], { anonymous: true }),
      }
      const principals = { key: 'key:k', certificate: 'cert:CN=shop', stranger: 'cert:DNS:stranger' }
      const x = request(['X-API-Key', text], '', {
        certificate: { subject: 'CN=shop', names: ['DNS:stranger'] },
      })
      for (const one of order) assert.equal(await failureOf(policies[one], x), '', one)
      assert.equal(principalOf(x), principals[expected])
    })

  test('an exception is of its policy alone, and keeps the request as it is', async () => {
    using world = new World()
    const except = [{ routes: null, paths: null, methods: ['GET'] }]
    const x = request(['X-API-Key', 'bad'])
    assert.equal(await failureOf(world.policy([inHeader], { except }), x), '')
    assert.deepEqual([principalOf(x), x.request.fields.list], [undefined, ['X-API-Key', 'bad']])
  })

  test('a kind that nobody knows cannot be compiled', () => {
    const world = new World()
    assert.throws(
      () => world.policy([{ kind: 'riddle' } as unknown as Accept]),
      /no credentials of kind "riddle" are known/,
    )
  })
})

suite('uses', () => {
  test('of a recorded credential are told together, each once a minute', async () => {
    using world = new World()
    const { text } = putKey(world.node.tables)
    const policy = world.policy([inHeader], { anonymous: true })
    for (let i = 0; i < 3; i++) assert.equal(await failureOf(policy, request(['X-API-Key', text])), '')
    assert.equal(await failureOf(policy, request()), '')
    world.later()
    const { credential } = credentialRow()
    assert.deepEqual(world.told, [new Map([[credential, 1_000_000]])])
    world.now = 1_059_999
    await failureOf(policy, request(['X-API-Key', text]))
    world.later()
    assert.equal(world.told.length, 1)
    world.now = 1_060_000
    await failureOf(policy, request(['X-API-Key', text]))
    world.later()
    assert.deepEqual(world.told.at(-1), new Map([[credential, 1_060_000]]))
  })

  test('a key of another environment is nobody here', async () => {
    using world = new World()
    const { text } = putKey(world.node.tables)
    world.node.tables.patch(RECORDS, { put: [['environment', 'staging']] })
    assert.equal(await failureOf(world.policy([inHeader]), request(['X-API-Key', text])), 'api_key_unknown')
    world.node.tables.patch(RECORDS, { put: [['environment', 'live']] })
    assert.equal(await failureOf(world.policy([inHeader]), request(['X-API-Key', text])), '')
  })
})
