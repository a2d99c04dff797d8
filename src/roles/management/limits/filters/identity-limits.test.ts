import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  anonymous,
  identityOf,
  limitRow,
  planRow,
  policyRow,
  quotaRow,
  subscriptionRow,
} from '../../../../../test/support/limit-rows.ts'
import { asked, fieldsOf, LimitsNode, meet, product } from '../../../../../test/support/limits-node.ts'
import { origin } from '../../../../../test/support/exchange.ts'
import type { Identity } from '../../../../filters/identity.ts'
import type { PolicyLimitRow } from '../../rows.ts'
import { identityLimits } from './identity-limits.ts'

const token = (subject: string, claims: Identity['claims'] = {}): Identity => ({
  ...anonymous,
  kind: 'jwt',
  principal: `jwt:https://id.example#${subject}`,
  claims,
})

/** Who each request is of, by a limit of one a minute: those that are refused are of somebody who has asked before. */
function refusals(
  by: Partial<PolicyLimitRow>,
  askers: readonly (readonly [Identity | null, string, string?])[],
): string {
  const [rate = '', quota] = [limitRow('calls', 1), quotaRow('calls', 1)].map(row => {
    const node = new LimitsNode()
    const filter = node.policy('default/limits', [policyRow(row, by)])
    const marks = askers.map(([identity, clientAddress, header]) => {
      const x = asked(identity, 'get', { clientAddress })
      if (header !== undefined) x.request.fields.add('X-Tenant', header)
      return meet(x, filter) === '' ? '.' : 'x'
    })
    return marks.join('')
  })
  assert.equal(quota, rate)
  return rate
}

const [here, there] = ['192.0.2.1', '198.51.100.1'] as const
const app = identityOf('app', 'one')
const sibling = identityOf('app', 'two')
const other = identityOf('other', 'three')

for (const [name, by, askers, expected] of [
  [
    'Identity: each credential',
    { by: 'Identity' },
    [
      [app, here],
      [app, there],
      [sibling, here],
      [other, here],
    ],
    '.x..',
  ],
  [
    'Identity: each subject of a token',
    { by: 'Identity' },
    [
      [token('a'), here],
      [token('a'), there],
      [token('b'), here],
    ],
    '.x.',
  ],
  [
    'Identity: who has none counts by address',
    { by: 'Identity' },
    [
      [anonymous, here],
      [null, here],
      [anonymous, there],
    ],
    '.x.',
  ],
  [
    'Application: all of its credentials',
    { by: 'Application' },
    [
      [app, here],
      [sibling, there],
      [other, here],
    ],
    '.x.',
  ],
  [
    'Application: a token of none counts by its subject',
    { by: 'Application' },
    [
      [token('a'), here],
      [token('a'), there],
      [token('b'), here],
    ],
    '.x.',
  ],
  [
    'Account',
    { by: 'Account' },
    [
      [app, here],
      [{ ...other, account: app.account }, here],
      [other, here],
    ],
    '.x.',
  ],
  [
    'Claim',
    { by: 'Claim', claim: 'realm.tenant' },
    [
      [token('a', { realm: { tenant: 't1' } }), here],
      [token('b', { realm: { tenant: 't1' } }), there],
      [token('c', { realm: { tenant: 't2' } }), here],
      [token('d'), here],
      [token('d'), there],
      [token('e'), here],
    ],
    '.x..x.',
  ],
  [
    'Claim: a whole name comes before a path',
    { by: 'Claim', claim: 'a.b' },
    [
      [token('a', { 'a.b': 1, a: { b: 2 } }), here],
      [token('b', { 'a.b': 1 }), here],
      [token('c', { a: { b: 2 } }), here],
    ],
    '.x.',
  ],
  [
    'ClientAddress',
    { by: 'ClientAddress' },
    [
      [app, here],
      [other, here],
      [app, there],
    ],
    '.x.',
  ],
  [
    'Header',
    { by: 'Header', header: 'x-tenant' },
    [
      [app, here, 't1'],
      [other, there, 't1'],
      [app, here, 't2'],
      [app, here],
      [other, here],
      [app, there],
    ],
    '.x..x.',
  ],
  [
    'All',
    { by: 'All' },
    [
      [app, here],
      [other, there],
      [null, here],
    ],
    '.xx',
  ],
] as const)
  test(`by ${name}`, () => assert.equal(refusals(by, askers), expected))

test('a claim cannot pass for an address, nor a subject for a credential', () => {
  const node = new LimitsNode()
  const filter = node.policy('default/limits', [
    policyRow(quotaRow('calls', 1), { by: 'Claim', claim: 'sub' }),
  ])
  assert.equal(meet(asked(anonymous, 'get', { clientAddress: here }), filter), '')
  assert.equal(meet(asked(token('a', { sub: `address ${here}` })), filter), '')
  assert.equal(meet(asked(token('credential one')), filter), '')
  assert.equal(meet(asked(app), filter), '')
})

test('it is refused as rate_limited, told with its plan, and both or none are counted', () => {
  const node = new LimitsNode()
  node.plans({ 'default/free': planRow([quotaRow('monthly', 2)]) })
  node.subscriptions({ 'app default/pets': subscriptionRow('s1', 'default/free') })
  const plan = node.plan(product('pets'))
  const policy = node.policy('default/all', [policyRow(quotaRow('all', 9), { by: 'All' })])
  const seen = [1, 2, 3, 4].map(() => {
    const x = asked(app)
    return [meet(x, policy, plan).split(' ')[0], fieldsOf(x)[1]?.replaceAll(/;t=\d+/g, '')]
  })
  assert.deepEqual(seen, [
    ['', '"monthly";r=1, "all";r=8'],
    ['', '"monthly";r=0, "all";r=7'],
    ['plan_quota_exceeded', '"monthly";r=0, "all";r=7'],
    ['plan_quota_exceeded', '"monthly";r=0, "all";r=7'],
  ])
  const tight = node.policy('default/tight', [policyRow(limitRow('tight', 1), { by: 'All' })])
  assert.equal(meet(asked(app), tight), '')
  assert.match(meet(asked(app), policy, tight), /^rate_limited Retry-After 60 tight$/)
  const x = asked(app)
  meet(x, policy)
  assert.match(fieldsOf(x)[1]!, /"all";r=6/)
})

test('a policy that a request meets twice counts it once, and what it excepts not at all', () => {
  const node = new LimitsNode()
  const rows = [policyRow(quotaRow('calls', 2))]
  const [one, two] = [node.policy('default/limits', rows), node.policy('default/limits', rows)]
  const x = asked(app)
  meet(x, one, two)
  assert.match(fieldsOf(x)[1]!, /^"calls";r=1;t=\d+$/)
  const except = [{ routes: null, paths: null, methods: ['GET'] }] as const
  const type = 'identity-limits'
  const filter = identityLimits.compile(
    { type, origin, policy: 'default/limits', limits: rows, except },
    node.kit,
  )
  for (let i = 0; i < 5; i++) assert.equal(meet(asked(app), filter), '')
})

test('cost is what the plan says, which has the last word', () => {
  const node = new LimitsNode()
  node.plans({
    'default/free': planRow([], { costs: [{ operations: ['search'], cost: 5 }], costHeader: 'x-cost' }),
  })
  node.subscriptions({ 'app default/pets': subscriptionRow('s1', 'default/free') })
  const plan = node.plan(product('pets'))
  const policy = node.policy('default/all', [policyRow(quotaRow('units', 100, { unit: 'Cost' }))])
  meet(asked(app, 'search'), policy, plan)
  const costly = asked(app, 'search')
  costly.response.fields.add('X-Cost', '20')
  meet(costly, policy, plan)
  const x = asked(app)
  meet(x, policy, plan)
  assert.match(fieldsOf(x)[1]!, /"units";r=74/)
})

test('what explain shows', () => {
  const limits = [
    policyRow(limitRow('pace', 5, { per: 'Second' }), { by: 'Application' }),
    policyRow(
      quotaRow('daily', 100, {
        per: 'Day',
        unit: 'Bytes',
        timeZone: 'Europe/Berlin',
        exceeded: 'Flag',
        operations: ['a', 'b'],
      }),
      { by: 'Claim', claim: 'tenant' },
    ),
    policyRow(quotaRow('ever', 1, { per: 'Lifetime', counters: 'Exact', scope: 'Operation' }), { by: 'All' }),
  ]
  assert.equal(
    identityLimits.describe({
      type: 'identity-limits',
      origin,
      policy: 'default/limits',
      limits,
      except: [],
    }),
    'pace 5 per second, burst 5, by Application; ' +
      'daily 100 bytes per day, in Europe/Berlin, of a, b, flagged where exceeded, by Claim tenant; ' +
      'ever 1 in a lifetime, for each operation, for all gateways together, for all',
  )
})
