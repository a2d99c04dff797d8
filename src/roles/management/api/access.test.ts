// Every route of the document × every role × own and foreign organization, against a table that was written by hand.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { AdminRecords, type Told } from '../../../../test/support/admin-records.ts'
import { Places } from '../../../../test/support/stores.ts'

const places = new Places('sqlite')

/** A user for each column: the role, and where it holds. "Own" is the first organization, team and account. */
const columns = {
  pv: { role: 'viewer', scope: 'platform' },
  pw: { role: 'api-owner', scope: 'platform' },
  po: { role: 'operator', scope: 'platform' },
  pa: { role: 'admin', scope: 'platform' },
  ov: { role: 'viewer', scope: 'organization', organization: 'one' },
  ow: { role: 'api-owner', scope: 'organization', organization: 'one' },
  oo: { role: 'operator', scope: 'organization', organization: 'one' },
  oa: { role: 'admin', scope: 'organization', organization: 'one' },
  tv: { role: 'viewer', scope: 'team', organization: 'one', of: 'pets' },
  tw: { role: 'api-owner', scope: 'team', organization: 'one', of: 'pets' },
  ad: { role: 'developer', scope: 'account', organization: 'one', of: 'acme' },
  no: null,
} as const
type Column = keyof typeof columns
const names = Object.keys(columns) as Column[]

/**
 * In each cell what comes of the own one, then of the foreign one. `+` allowed, `-` 403, `0` 404: that there is one is
 * not told. In lists `+` is listed and `.` is not. One letter alone: there is no own and foreign.
 * (These APIs have no OpenAPI document, which is 404 for everybody who may ask.)
 */
// oxfmt-ignore
const table = `
                                                  pv pw po pa  ov ow oo oa  tv tw ad no
views                                             +  +  +  +   -  -  -  -   -  -  -  -
POST /v1/cache/purge                              -  -  +  +   -  -  -  -   -  -  -  -
GET /v1/openapi.json                              +  +  +  +   +  +  +  +   +  +  +  +
GET /v1/me                                        +  +  +  +   +  +  +  +   +  +  +  +

GET /v1/organizations                             ++ ++ -- ++  +. +. -- +.  .. .. -- --
POST /v1/organizations                            -  -  -  +   -  -  -  -   -  -  -  -
GET /v1/organizations/{organization}              ++ ++ -- ++  +0 +0 -- +0  00 00 -- --
PUT /v1/organizations/{organization}              -- -- -- ++  -- -- -- +0  -- -- -- --
DELETE /v1/organizations/{organization}           -- -- -- ++  -- -- -- +0  -- -- -- --

GET /v1/teams                                     ++ ++ -- ++  +. +. -- +.  +. +. -- --
POST /v1/teams                                    -- -- -- ++  -- -- -- +-  -- -- -- --
GET /v1/teams/{team}                              ++ ++ -- ++  +0 +0 -- +0  +0 +0 -- --
PUT /v1/teams/{team}                              -- -- -- ++  -- -- -- +0  -- -- -- --
DELETE /v1/teams/{team}                           -- -- -- ++  -- -- -- +0  -- -- -- --
GET /v1/teams/{team}/members                      ++ ++ -- ++  +0 +0 -- +0  +0 +0 -- --
PUT /v1/teams/{team}/members/{user}               -- -- -- ++  -- -- -- +0  -- -- -- --
DELETE /v1/teams/{team}/members/{user}            -- -- -- ++  -- -- -- +0  -- -- -- --

GET /v1/users                                     -- -- -- ++  -- -- -- +.  -- -- -- --
POST /v1/users                                    -- -- -- ++  -- -- -- +-  -- -- -- --
GET /v1/users/{user}                              00 00 00 ++  00 00 00 +0  00 00 00 00
PUT /v1/users/{user}                              -- -- -- ++  -- -- -- +0  -- -- -- --
DELETE /v1/users/{user}                           -- -- -- ++  -- -- -- +0  -- -- -- --
GET /v1/users/{user}/tokens                       00 00 00 ++  00 00 00 +0  00 00 00 00
POST /v1/users/{user}/tokens                      00 00 00 ++  00 00 00 +0  00 00 00 00
DELETE /v1/users/{user}/tokens/{token}            00 00 00 ++  00 00 00 +0  00 00 00 00
GET /v1/role-bindings                             -- -- -- ++  -- -- -- +.  -- -- -- --
POST /v1/role-bindings                            -- -- -- ++  -- -- -- +-  -- -- -- --
DELETE /v1/role-bindings/{binding}                -- -- -- ++  -- -- -- +0  -- -- -- --

GET /v1/accounts                                  ++ ++ -- ++  +. +. -- +.  .. .. +. --
POST /v1/accounts                                 -- -- -- ++  -- -- -- +-  -- -- -- --
GET /v1/accounts/{account}                        ++ ++ -- ++  +0 +0 -- +0  00 00 +0 --
PUT /v1/accounts/{account}                        -- -- -- ++  -- -- -- +0  -- -- -- --
DELETE /v1/accounts/{account}                     -- -- -- ++  -- -- -- +0  -- -- -- --
GET /v1/applications                              ++ ++ -- ++  +. +. -- +.  .. .. +. --
POST /v1/applications                             -- -- -- ++  -- -- -- +0  -- -- +0 --
GET /v1/applications/{application}                ++ ++ -- ++  +0 +0 -- +0  00 00 +0 --
PUT /v1/applications/{application}                -- -- -- ++  -- -- -- +0  -- -- +0 --
DELETE /v1/applications/{application}             -- -- -- ++  -- -- -- +0  -- -- +0 --
GET /v1/applications/{application}/credentials    ++ ++ -- ++  +0 +0 -- +0  00 00 +0 --
POST /v1/applications/{application}/credentials   -- -- -- ++  -- -- -- +0  -- -- +0 --
GET /v1/credentials/{credential}                  ++ ++ -- ++  +0 +0 -- +0  00 00 +0 --
POST /v1/credentials/{credential}/rotate          -- -- -- ++  -- -- -- +0  -- -- +0 --
POST /v1/credentials/{credential}/revoke          -- -- -- ++  -- -- -- +0  -- -- +0 --

GET /v1/subscriptions                             ++ ++ -- ++  +. +. -- +.  +. +. +. --
POST /v1/subscriptions                            -- -- -- ++  -- -- -- +0  -- -- +0 --
GET /v1/subscriptions/{subscription}              ++ ++ -- ++  +0 +0 -- +0  +0 +0 +0 --
GET /v1/subscriptions/{subscription}/limits       ++ ++ -- ++  +0 +0 -- +0  +0 +0 +0 --
PATCH /v1/subscriptions/{subscription}            -- -- -- ++  -- -- -- +0  -- -- +0 --
POST /v1/subscriptions/{subscription}/approve     -- ++ -- ++  -- +0 -- +0  -- +0 -- --
POST /v1/subscriptions/{subscription}/reject      -- ++ -- ++  -- +0 -- +0  -- +0 -- --
POST /v1/subscriptions/{subscription}/suspend     -- ++ -- ++  -- +0 -- +0  -- +0 -- --
POST /v1/subscriptions/{subscription}/resume      -- ++ -- ++  -- +0 -- +0  -- +0 -- --
POST /v1/subscriptions/{subscription}/cancel      -- ++ -- ++  -0 +0 -- +0  -0 +0 +0 --

GET /v1/apis                                      ++ ++ ++ ++  +. +. +. +.  +. +. +. --
GET /v1/apis/{namespace}/{name}                   ++ ++ ++ ++  +0 +0 +0 +0  +0 +0 +0 --
GET /v1/api-catalog                               +  +  +  +   +  +  +  +   +  +  +  -
GET /v1/apis/{namespace}/{name}/openapi           00 00 00 00  00 00 00 00  00 00 00 --
GET /v1/products                                  ++ ++ ++ ++  +. +. +. +.  +. +. +. --
GET /v1/products/{namespace}/{name}               ++ ++ ++ ++  +0 +0 +0 +0  +0 +0 +0 --
GET /v1/plans                                     ++ ++ ++ ++  +. +. +. +.  +. +. +. --
GET /v1/plans/{namespace}/{name}                  ++ ++ ++ ++  +0 +0 +0 +0  +0 +0 +0 --

GET /v1/stored-objects                            -- ++ .. ++  -- +. .. +.  -- +. -- --
PUT /v1/objects/{group}/{kind}/{namespace}/{name}    -- ++ -- ++  -- +- -- +-  -- +- -- --
DELETE /v1/objects/{group}/{kind}/{namespace}/{name} -- ++ -- ++  -- +- -- +-  -- +- -- --
POST /v1/objects                                  -- ++ -- ++  -- +- -- +-  -- +- -- --
a route: PUT /v1/objects                          -  -  +  +   -  -  -  -   -  -  -  -

GET /v1/usage                                     +  +  -  +   +  +  -  +   +  +  +  -
GET /v1/usage/retention                           +  +  +  +   -  -  -  -   -  -  -  -
PUT /v1/usage/retention                           -  -  +  +   -  -  -  -   -  -  -  -

GET /v1/audit                                     -- -- -- ++  -- -- -- +.  -- -- -- --
GET /v1/audit/verify                              -  -  -  +   -  -  -  -   -  -  -  -
GET /v1/backup                                    -  -  -  +   -  -  -  -   -  -  -  -
`

/** Those of src/admin, which are of what is served and of no organization. */
const views = [
  'GET /v1/status',
  'GET /v1/topology',
  'GET /v1/rules',
  'GET /v1/rules/{id}',
  'GET /v1/clusters',
  'GET /v1/clusters/{name}',
  'GET /v1/objects',
  'GET /v1/objects/{group}/{kind}/{namespace}/{name}',
  'GET /v1/problems',
  'GET /v1/conditions',
  'GET /v1/certificates',
  'GET /v1/cache',
  'POST /v1/explain',
  'GET /v1/requests',
  'GET /v1/requests/stream',
  'GET /v1/requests/{id}',
  'GET /v1/figures',
  'GET /v1/figures/stream',
  'GET /v1/figures/history',
]

/** What is open to everybody: the token in its body lets in. */
const open = ['POST /v1/setup']

const side = (organization: string, team: string) => `
apiVersion: portcullis.dev/v1alpha1
kind: API
metadata: { name: ${team}, labels: { portcullis.dev/organization: ${organization} } }
spec: { owner: ${team}, routeRefs: [{ name: ${team} }] }
---
apiVersion: portcullis.dev/v1alpha1
kind: Product
metadata: { name: ${team}, labels: { portcullis.dev/organization: ${organization}, portcullis.dev/team: ${team} } }
spec: { visibility: Private, apis: [{ name: ${team} }], plans: [{ name: ${team} }] }
---
apiVersion: portcullis.dev/v1alpha1
kind: Plan
metadata: { name: ${team}, labels: { portcullis.dev/organization: ${organization}, portcullis.dev/team: ${team} } }
spec: { approval: Manual }
`

/** What is asked of one side, by the names and ids that it has. */
interface Side {
  readonly organization: Told
  readonly team: Told
  readonly user: Told
  readonly token: Told
  readonly binding: Told
  readonly account: Told
  readonly application: Told
  readonly credential: Told
  readonly subscription: Told
  readonly plan: string
}

async function makeSide(
  api: AdminRecords,
  organization: string,
  team: string,
  account: string,
): Promise<Side> {
  const put = (path: string, body: object = {}) => api.get(201, 'PUT', path, { body })
  const post = (path: string, body: object = {}) => api.get(201, 'POST', path, { body })
  const made = await put(`/v1/organizations/${organization}`)
  const of = `organization=${organization}`
  const user = await put(`/v1/users/${organization}-user?${of}`)
  const teamMade = await put(`/v1/teams/${team}?${of}`)
  await put(`/v1/teams/${team}/members/${user.id}?${of}`)
  const accountMade = await put(`/v1/accounts/${account}?${of}`)
  const application = await put(`/v1/applications/app?${of}&account=${account}`)
  const plan = `${team}-stored`
  await put(`/v1/objects/portcullis.dev/Plan/default/${plan}`, planOf(plan, organization, team))
  return {
    organization: made,
    user,
    team: teamMade,
    account: accountMade,
    application,
    plan,
    token: await post(`/v1/users/${user.id}/tokens`),
    binding: await post('/v1/role-bindings', {
      user: user.id,
      role: 'viewer',
      scope: 'organization',
      organization,
    }),
    credential: await post(`/v1/applications/${application.id}/credentials`),
    subscription: await post('/v1/subscriptions', { application: application.id, product: team, plan: team }),
  }
}

function planOf(name: string, organization: string, team: string) {
  return {
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'Plan',
    metadata: {
      name,
      labels: { 'portcullis.dev/organization': organization, 'portcullis.dev/team': team },
    },
    spec: {},
  }
}

/** Who passes the judgement is stopped by something else, so that nothing changes: 412, 409, 422 are allowed. */
const unchanged = { 'if-match': '"0"' }

interface Asked {
  readonly path: string
  readonly body?: unknown
  /** What a list has of this side. */
  readonly listed?: (item: Told) => boolean
}

function asked(operation: string, one: Side): Asked {
  const [, path = ''] = operation.split(' ')
  const organization = one.organization.name
  const ids: Readonly<Record<string, string>> = {
    organization: one.organization.id,
    team: one.team.id,
    user: one.user.id,
    token: one.token.id,
    binding: one.binding.id,
    account: one.account.id,
    application: one.application.id,
    credential: one.credential.id,
    subscription: one.subscription.id,
    namespace: 'default',
    name: one.team.name,
  }
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => ids[name] ?? 'none')
  switch (operation) {
    case 'GET /v1/organizations':
      return { path, listed: ({ id }) => id === one.organization.id }
    case 'GET /v1/teams':
      return { path, listed: ({ id }) => id === one.team.id }
    case 'GET /v1/users':
      return { path: `${path}?limit=1000`, listed: ({ id }) => id === one.user.id }
    case 'GET /v1/role-bindings':
      return { path: `${path}?limit=1000`, listed: ({ id }) => id === one.binding.id }
    case 'GET /v1/accounts':
      return { path, listed: ({ id }) => id === one.account.id }
    case 'GET /v1/applications':
      return { path, listed: ({ id }) => id === one.application.id }
    case 'GET /v1/subscriptions':
      return { path, listed: ({ id }) => id === one.subscription.id }
    case 'GET /v1/apis':
    case 'GET /v1/products':
    case 'GET /v1/plans':
      return { path, listed: ({ name }) => name === one.team.name }
    case 'GET /v1/stored-objects':
      return { path, listed: ({ object }) => object.name === one.plan }
    case 'GET /v1/audit':
      return { path: `${path}?kind=account`, listed: item => item.name === one.account.name }
    case 'POST /v1/organizations':
      return { path, body: { name: organization } }
    case 'POST /v1/teams':
      return { path, body: { name: one.team.name, organization } }
    case 'POST /v1/users':
      return { path, body: { name: one.user.name, organization } }
    case 'POST /v1/users/{user}/tokens':
    case 'POST /v1/applications/{application}/credentials':
      return { path: filled, body: { expiresAt: '2020-01-01T00:00:00Z' } }
    case 'POST /v1/role-bindings':
      return { path, body: { user: 'nobody', role: 'viewer', scope: 'organization', organization } }
    case 'POST /v1/accounts':
      return { path, body: { name: one.account.name, organization } }
    case 'POST /v1/applications':
      return { path, body: { name: 'app', account: one.account.id } }
    case 'POST /v1/subscriptions':
      return { path, body: { application: one.application.id, product: 'none', plan: 'none' } }
    case 'PATCH /v1/subscriptions/{subscription}':
      return { path: filled, body: { plan: one.team.name } }
    case 'POST /v1/objects':
      return {
        path: `${path}?dryRun=true`,
        body: { objects: [planOf(one.plan, organization, one.team.name)] },
      }
    case 'PUT /v1/objects/{group}/{kind}/{namespace}/{name}':
    case 'DELETE /v1/objects/{group}/{kind}/{namespace}/{name}':
      return {
        path: `/v1/objects/portcullis.dev/Plan/default/${one.plan}`,
        ...(operation.startsWith('PUT') && { body: planOf(one.plan, organization, one.team.name) }),
      }
    case 'a route: PUT /v1/objects':
      return {
        path: '/v1/objects/gateway.networking.k8s.io/HTTPRoute/default/r',
        body: {
          apiVersion: 'gateway.networking.k8s.io/v1',
          kind: 'HTTPRoute',
          metadata: { name: 'r' },
          spec: { rules: [{ name: 'all' }] },
        },
      }
    case 'POST /v1/explain':
      return { path, body: { method: 'GET', url: 'http://a/' } }
    default:
      return { path: filled, ...(!/^(GET|DELETE)/.test(operation) && { body: {} }) }
  }
}

async function world(t: TestContext) {
  const url = await places.url(t)
  assert.ok(url !== null)
  const api = await AdminRecords.start(t, url, `${side('one', 'pets')}---${side('two', 'cats')}`)
  const own = await makeSide(api, 'one', 'pets', 'acme')
  const foreign = await makeSide(api, 'two', 'cats', 'globex')
  const tokens = new Map<Column, string>()
  for (const column of names) {
    // At home in a third organization, so that nobody is among those who are asked for.
    await api.get(201, 'PUT', `/v1/users/${column}`, { body: {} })
    const binding = columns[column]
    if (binding !== null)
      await api.get(201, 'POST', '/v1/role-bindings', { body: { user: column, ...binding } })
    tokens.set(column, (await api.get(201, 'POST', `/v1/users/${column}/tokens`, { body: {} })).secret)
  }
  return { api, own, foreign, tokens }
}

/** What the table says, by operation and column. */
function expectations(): ReadonlyMap<string, ReadonlyMap<Column, string>> {
  const rows = table.split('\n').filter(line => line.trim() !== '' && !line.trim().startsWith('pv '))
  return new Map(
    rows.flatMap(line => {
      const words = line.trim().split(/\s+/)
      const cells = words.slice(-names.length)
      const operation = words.slice(0, -names.length).join(' ')
      const row = new Map(names.map((name, i) => [name, cells[i] ?? '']))
      return operation === 'views' ? views.map(one => [one, row] as const) : [[operation, row] as const]
    }),
  )
}

test('every route of the document has a row, and every row a route', async t => {
  const { api, tokens } = await world(t)
  const { paths } = (await api.get(200, 'GET', '/v1/openapi.json', {
    token: tokens.get('no') ?? '',
  })) as unknown as { readonly paths: Readonly<Record<string, object>> }
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map(method => `${method.toUpperCase()} ${path}`),
  )
  const known = [...expectations().keys()].filter(row => !row.startsWith('a route')).concat(open)
  assert.deepEqual(operations.toSorted(), known.toSorted())
})

test('each role may do what the table says, of its own and of others', async t => {
  const { api, own, foreign, tokens } = await world(t)
  const wrong: string[] = []
  for (const [operation, row] of expectations())
    for (const [column, cell] of row) {
      const got: string[] = []
      for (const one of cell.length === 1 ? [own] : [own, foreign]) {
        // Streams go on; who may not is told so before.
        if (operation.endsWith('/stream') && cell === '+') got.push('+')
        else got.push(await outcome(api, operation, asked(operation, one), tokens.get(column) ?? ''))
      }
      if (got.join('') !== cell) wrong.push(`${operation} by ${column}: ${got.join('')}, expected ${cell}`)
    }
  assert.deepEqual(wrong, [])
  // Nothing of all this has changed anything.
  const { items } = await api.get(200, 'GET', '/v1/audit?limit=1000')
  const by = (item: Told): boolean => item.actor.startsWith('user:')
  assert.deepEqual(
    items.filter(by).map(({ action, actor }) => `${action} by ${actor}`),
    [],
  )
})

async function outcome(api: AdminRecords, operation: string, { path, body, listed }: Asked, token: string) {
  const [method = ''] = operation.replace('a route: ', '').split(' ')
  const answered = await api.ask(method, path, {
    token,
    ...(body !== undefined && { body }),
    ...(method !== 'GET' && { headers: unchanged }),
  })
  const { status } = answered
  // Nothing is in force in this process, which views say to who may see them.
  if (status === 503 && views.includes(operation)) return '+'
  if (status === 401 || status >= 500) return String(status)
  if (status === 403) return '-'
  // Views of what is not there are answered 404 to who may see them.
  if (status === 404) return views.includes(operation) ? '+' : '0'
  return listed === undefined || answered.body.items.some(listed) ? '+' : '.'
}

test('no administrator of an organization comes to more by what others have been given', async t => {
  const { api, own, tokens } = await world(t)
  const token = tokens.get('oa') ?? ''
  // A user of theirs, and a team of theirs, that the platform has given a role everywhere.
  await api.get(201, 'POST', '/v1/role-bindings', {
    body: { user: own.user.id, role: 'admin', scope: 'platform' },
  })
  await api.get(201, 'POST', '/v1/role-bindings', {
    body: { team: own.team.id, role: 'admin', scope: 'platform' },
  })
  await api.get(403, 'POST', `/v1/users/${own.user.id}/tokens`, { token, body: {} })
  await api.get(403, 'PUT', `/v1/users/${own.user.id}`, { token, body: { status: 'disabled' } })
  const fresh = await api.get(201, 'POST', '/v1/users', {
    token,
    body: { name: 'fresh', organization: 'one' },
  })
  await api.get(403, 'PUT', `/v1/teams/${own.team.id}/members/${fresh.id}`, { token })
  await api.get(403, 'POST', '/v1/role-bindings', {
    token,
    body: { user: fresh.id, role: 'viewer', scope: 'platform' },
  })
})

test('a subscription is of two sides: its consumer cancels it, and who owns the product approves it', async t => {
  const { api, own, tokens } = await world(t)
  // The product of the other organization, by an application of this one.
  const made = await api.get(201, 'POST', '/v1/subscriptions', {
    body: { application: own.application.id, product: 'cats', plan: 'cats' },
  })
  await api.get(201, 'PUT', '/v1/users/owner', { body: {} })
  await api.get(201, 'POST', '/v1/role-bindings', {
    body: { user: 'owner', role: 'api-owner', scope: 'team', organization: 'two', of: 'cats' },
  })
  const owner = (await api.get(201, 'POST', '/v1/users/owner/tokens', { body: {} })).secret
  const developer = tokens.get('ad') ?? ''
  const at = (step: string, token: string, status: number) =>
    api.get(status, 'POST', `/v1/subscriptions/${made.id}/${step}`, { token, body: {} })
  await at('approve', developer, 403)
  await at('approve', tokens.get('ow') ?? '', 403)
  await at('approve', owner, 200)
  await at('suspend', owner, 200)
  await at('resume', developer, 403)
  await at('cancel', developer, 200)
  // A private product is nothing that others can find by subscribing.
  await api.get(422, 'POST', '/v1/subscriptions', {
    token: developer,
    body: { application: own.application.id, product: 'cats', plan: 'cats' },
  })
})

test('a scope is given by who may give it wherever a rule goes by it', async t => {
  const { api, own, tokens } = await world(t)
  const admin = tokens.get('oa') ?? ''
  const policyOf = (name: string, organization: string, target: string, scope: string) => ({
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'AuthorizationPolicy',
    metadata: { name, labels: { 'portcullis.dev/organization': organization } },
    spec: {
      targetRefs: [{ group: 'portcullis.dev', kind: 'API', name: target }],
      rules: [{ name: 'all', action: 'Allow', from: { scopes: [scope] } }],
    },
  })
  for (const [name, organization, target, scope] of [
    ['own', 'one', 'pets', 'read other'],
    ['foreign', 'two', 'cats', 'write'],
  ] as const)
    await api.get(201, 'PUT', `/v1/objects/portcullis.dev/AuthorizationPolicy/default/${name}`, {
      body: policyOf(name, organization, target, scope),
    })
  const give = (status: number, scopes: readonly string[], token?: string) =>
    api.get(status, 'POST', `/v1/applications/${own.application.id}/credentials`, {
      ...(token !== undefined && { token }),
      body: { scopes },
    })
  const made = await give(201, ['read', 'other'], admin)
  assert.match((await give(403, ['read', 'write'], admin)).detail, /scope write, which an Authorization/)
  assert.match((await give(403, ['admin'], admin)).detail, /no AuthorizationPolicy in force names it/)
  await give(201, ['write', 'admin'])
  // What takes the place of another has what that had.
  const rotated = await api.get(201, 'POST', `/v1/credentials/${made.id}/rotate`, { token: admin, body: {} })
  assert.deepEqual(rotated.scopes, ['read', 'other'])

  // What audit calls it, for people.
  const { items } = await api.get(200, 'GET', '/v1/audit?limit=1000')
  const nameless = items.filter(({ name }) => name === '').map(({ action }) => action)
  assert.deepEqual([...new Set(nameless)], [])
})
