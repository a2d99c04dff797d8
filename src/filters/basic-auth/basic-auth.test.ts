import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { exchange, origin } from '../../../test/support/exchange.ts'
import { kit } from '../../../test/support/kit.ts'
import type { Exchange, Filter, Verdict } from '../filter.ts'
import type { Kit } from '../kit.ts'
import { authenticatedUser, basicAuth, LIKE, type BasicAuthConfig } from './basic-auth.ts'
import { sha1Hash } from './htpasswd.ts'

const drains: (() => void)[] = []
after(() => {
  for (const drain of drains) drain()
})

const USERS = 'basic-auth Secret/default/users'
const users = new Map([
  [LIKE, sha1Hash('secret')],
  ['ada', sha1Hash('secret')],
  ['ädä', sha1Hash('secret')],
])

function filter(more: Partial<BasicAuthConfig> = {}): Filter {
  const config: BasicAuthConfig = {
    type: 'basic-auth',
    origin,
    policy: 'default/office',
    users: USERS,
    realm: 'Office',
    userHeader: null,
    forwardCredentials: true,
    except: [],
    ...more,
  }
  const table = ((name: string) => ({
    get: (user: string) => (name === USERS ? users.get(user) : undefined),
  })) as Kit['table']
  const keep: Kit['keep'] = (_key, make) => {
    const made = make()
    drains.push(() => made.drain())
    return made
  }
  return basicAuth.compile(config, kit({ table, keep }))
}

const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`
const request = (...fields: string[]): Exchange => exchange({ fields })

async function failureOf(verdict: Verdict | Promise<Verdict>): Promise<unknown> {
  const settled = await verdict
  return settled === undefined || !('failure' in settled) ? settled : [settled.failure, settled.fields]
}

const CHALLENGE = ['WWW-Authenticate', 'Basic realm="Office", charset="UTF-8"']

for (const [what, fields, failure] of [
  ['nothing', [], 'authentication_required'],
  ['another scheme', ['Authorization', 'Bearer x'], 'authentication_failed'],
  ['a wrong password', ['Authorization', basic('ada:Secret')], 'authentication_failed'],
  ['no user of ours', ['Authorization', basic('eve:secret')], 'authentication_failed'],
  [
    'two fields',
    ['Authorization', basic('ada:secret'), 'Authorization', basic('ada:secret')],
    'authentication_failed',
  ],
  [
    'a user that is a name of JavaScript',
    ['Authorization', basic('__proto__:secret')],
    'authentication_failed',
  ],
] as const)
  test(`${what} is answered 401 with a challenge`, async () =>
    assert.deepEqual(await failureOf(filter().request?.(request(...fields))), [failure, CHALLENGE]))

test('the right password passes, and says who it is', () => {
  const x = request('Authorization', basic('ada:secret'))
  assert.equal(filter().request?.(x), undefined)
  assert.equal(x.notes.get(authenticatedUser), 'ada')
  assert.deepEqual(x.request.fields.list, ['Authorization', basic('ada:secret')])
})

test('the backend is told of the user, and of nobody that a client has made up', async () => {
  const named = filter({ userHeader: 'x-user', forwardCredentials: false })
  const x = request('X-User', 'root', 'Authorization', basic('ädä:secret'))
  assert.equal(named.request?.(x), undefined)
  assert.deepEqual(x.request.fields.list, ['x-user', Buffer.from('ädä').toString('latin1')])
  const except = [{ routes: null, paths: null, methods: ['GET'] }]
  const excepted = request('X-User', 'root')
  assert.equal(await filter({ userHeader: 'x-user', except }).request?.(excepted), undefined)
  assert.deepEqual(excepted.request.fields.list, [])
})

test('two policies are both asked, also where the first takes the credentials out', async () => {
  const x = request('Authorization', basic('ada:secret'))
  assert.equal(filter({ forwardCredentials: false }).request?.(x), undefined)
  assert.equal(filter().request?.(x), undefined)
  const other = filter({ users: 'basic-auth Secret/default/others' })
  assert.deepEqual(await failureOf(other.request?.(x)), ['authentication_failed', CHALLENGE])
})
