import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { loggedOf } from '../../../../../test/support/logged.ts'
import { parseList } from 'structured-headers'
import {
  anonymous,
  identityOf,
  limitRow,
  planRow,
  quotaRow,
  subscriptionRow,
} from '../../../../../test/support/limit-rows.ts'
import { asked, fieldsOf, LimitsNode, meet, product } from '../../../../../test/support/limits-node.ts'
import { costNote, overQuotaNote, subscribedNote } from '../../../../filters/identity.ts'
import type { Exchange } from '../../../../filters/filter.ts'
import type { LimitRow, PlanRow } from '../../rows.ts'

const app = identityOf('app')
const other = identityOf('other')

/** A node with one product, one plan of these limits, and two applications that have subscribed to it. */
function node(limits: readonly LimitRow[], more: Partial<PlanRow> = {}): LimitsNode {
  const made = new LimitsNode()
  made.plans({ 'default/free': planRow(limits, more) })
  made.subscriptions({
    'app default/pets': subscriptionRow('s1', 'default/free'),
    'other default/pets': subscriptionRow('s2', 'default/free'),
  })
  return made
}

suite('who may', () => {
  const row = subscriptionRow('s1', 'default/free')
  for (const [name, rows, products, identity, operation, expected] of [
    ['a subscriber', { 'app default/pets': row }, [product('pets')], app, 'get', ''],
    ['who has not subscribed', {}, [product('pets')], app, 'get', 'subscription_required'],
    [
      'whose token is of no application',
      {},
      [product('pets')],
      { ...app, application: null },
      'get',
      'subscription_required',
    ],
    [
      'who is suspended',
      { 'app default/pets': { ...row, status: 'suspended' } },
      [product('pets')],
      app,
      'get',
      'subscription_inactive',
    ],
    [
      'who waits for approval',
      { 'app default/pets': { ...row, status: 'pending' } },
      [product('pets')],
      app,
      'get',
      'subscription_inactive',
    ],
    [
      'an operation of the product',
      { 'app default/pets': row },
      [product('pets', { operations: ['get'] })],
      app,
      'get',
      '',
    ],
    [
      'an operation of another product',
      { 'app default/pets': row },
      [product('pets', { operations: ['get'] }), product('shop')],
      app,
      'buy',
      'operation_not_in_product',
    ],
    [
      'an operation that nobody knows, of a product of some',
      { 'app default/pets': row },
      [product('pets', { operations: ['get'] })],
      app,
      '',
      'operation_not_in_product',
    ],
    [
      'who has subscribed to the second product that has it',
      { 'app default/shop': row },
      [product('pets'), product('shop')],
      app,
      'get',
      '',
    ],
    [
      'who is suspended in one and has another',
      { 'app default/pets': { ...row, status: 'suspended' }, 'app default/shop': row },
      [product('pets'), product('shop')],
      app,
      'get',
      '',
    ],
    ['nobody, without a plan for such', {}, [product('pets')], anonymous, 'get', 'subscription_required'],
    ['nobody, where no identity was looked for', {}, [product('pets')], null, 'get', 'subscription_required'],
    [
      'nobody, with a plan for such',
      {},
      [product('pets', { anonymousPlan: 'default/free' })],
      anonymous,
      'get',
      '',
    ],
    [
      'nobody, for what that plan is not of',
      {},
      [product('pets', { anonymousPlan: 'default/free', operations: ['get'] })],
      anonymous,
      'buy',
      'operation_not_in_product',
    ],
    [
      'one with a key, who has not subscribed where nobody needs to',
      {},
      [product('pets', { anonymousPlan: 'default/free' })],
      app,
      'get',
      'subscription_required',
    ],
    [
      'a plan that is not in force',
      { 'app default/pets': { ...row, plan: 'default/gone' } },
      [product('pets')],
      app,
      'get',
      'protection_missing',
    ],
  ] as const)
    test(name, () => {
      const made = new LimitsNode()
      made.plans({ 'default/free': planRow([]) })
      made.subscriptions(rows)
      assert.equal(meet(asked(identity, operation), made.plan(...products)), expected)
      assert.equal(
        meet(asked(identity, operation), made.subscription(...products), made.plan(...products)),
        expected,
      )
    })

  test('what is changed counts from then on: suspended, active again, another plan, gone', () => {
    const made = node([limitRow('calls', 1)])
    const filter = made.plan(product('pets'))
    assert.equal(meet(asked(app), filter), '')
    made.subscriptions({ 'app default/pets': subscriptionRow('s1', 'default/free', { status: 'suspended' }) })
    assert.equal(meet(asked(app), filter), 'subscription_inactive')
    made.plans({ 'default/gold': planRow([]) })
    made.subscriptions({ 'app default/pets': subscriptionRow('s1', 'default/gold') })
    assert.equal(meet(asked(app), filter), '')
    made.state.tables.patch('management subscriptions', { remove: ['app default/pets'] })
    assert.equal(meet(asked(app), filter), 'subscription_required')
  })

  test('filters before the plan know by which subscription', () => {
    const made = node([])
    const x = asked(app)
    void made.subscription(product('pets')).request?.(x)
    assert.deepEqual(x.notes.get(subscribedNote), {
      product: 'default/pets',
      plan: 'default/free',
      subscription: 's1',
    })
    assert.deepEqual(loggedOf(x.notes), {
      'portcullis.principal': 'key:key of app',
      'portcullis.application': 'app',
      'portcullis.api': 'default/api',
      'portcullis.operation': 'get',
      'portcullis.plan': 'default/free',
      'portcullis.subscription': 's1',
    })
  })
})

suite('limits of a plan', () => {
  test('are told in every answer, and what is over them is refused', () => {
    const made = node([limitRow('burst', 2, { per: 'Second' }), quotaRow('monthly', 100)])
    const filter = made.plan(product('pets'))
    const seen = [1, 2, 3].map(() => {
      const x = asked(app)
      return [meet(x, filter), ...fieldsOf(x)]
    })
    const policies = '"burst";q=2;w=1, "monthly";q=100;w=2592000'
    assert.deepEqual(seen, [
      ['', policies, '"burst";r=1;t=1, "monthly";r=99;t=394800'],
      ['', policies, '"burst";r=0;t=1, "monthly";r=98;t=394800'],
      ['plan_rate_limited Retry-After 1 burst', policies, '"burst";r=0;t=1, "monthly";r=98;t=394800'],
    ])
    assert.equal(meet(asked(other), filter), '')
  })

  test('of a quota end when its window does, and say when that is', () => {
    const made = node([quotaRow('daily', 1, { per: 'Day', timeZone: 'Europe/Berlin' })])
    const filter = made.plan(product('pets'))
    assert.equal(meet(asked(app), filter), '')
    // 10:20 UTC is 11:20 in Berlin.
    assert.equal(meet(asked(app), filter), `plan_quota_exceeded Retry-After ${12 * 3_600 + 40 * 60} daily`)
    made.pass((12 * 3_600 + 40 * 60) * 1_000 - 1)
    assert.equal(meet(asked(app), filter), 'plan_quota_exceeded Retry-After 1 daily')
    made.pass(1)
    assert.equal(meet(asked(app), filter), '')
  })

  test('of a quota since the subscription began are by its day', () => {
    const made = node([quotaRow('monthly', 5, { anchor: 'Subscription' })])
    const x = asked(app)
    meet(x, made.plan(product('pets')))
    // Since the 31st of January at nine: from the 31st of October, and November has 30 days.
    assert.deepEqual(fieldsOf(x), [
      '"monthly";q=5;w=2592000',
      `"monthly";r=4;t=${(3 * 24 + 22) * 3_600 + 40 * 60}`,
    ])
  })

  test('of a lifetime never come back', () => {
    const made = node([quotaRow('trial', 1, { per: 'Lifetime' })])
    const filter = made.plan(product('pets'))
    meet(asked(app), filter)
    made.pass(5 * 365 * 86_400_000)
    const x = asked(app)
    assert.equal(meet(x, filter), 'plan_quota_exceeded trial')
    assert.deepEqual(fieldsOf(x), ['"trial";q=1', '"trial";r=0'])
  })

  test('of a clock that is set back go on where they were', () => {
    const made = node([quotaRow('daily', 2, { per: 'Day' })])
    const filter = made.plan(product('pets'))
    meet(asked(app), filter)
    made.pass(86_400_000)
    meet(asked(app), filter)
    made.wallMs -= 86_400_000
    assert.equal(meet(asked(app), filter), '')
    made.wallMs += 86_400_000
    assert.equal(meet(asked(app), filter), '')
    assert.match(meet(asked(app), filter), /^plan_quota_exceeded/)
  })

  test('that refuse a request leave the others as they were', () => {
    for (const limits of [
      [quotaRow('monthly', 1_000), limitRow('burst', 1), quotaRow('daily', 1_000, { per: 'Day' })],
      [limitRow('fast', 1_000), limitRow('burst', 1), limitRow('slow', 500, { per: 'Hour' })],
    ]) {
      const made = node(limits)
      const filter = made.plan(product('pets'))
      for (let i = 0; i < 50; i++) assert.equal(meet(asked(app), filter) === '', i === 0)
      const x = asked(app)
      made.pass(60_000)
      assert.equal(meet(x, filter), '')
      const left = new Map(
        fieldsOf(x)[1]!
          .split(', ')
          .map(item => item.split(';').slice(0, 2) as [string, string]),
      )
      assert.ok(
        [...left].every(([name, r]) => name === '"burst"' || Number(r.slice(2)) >= 498),
        fieldsOf(x)[1],
      )
    }
  })

  test('of several filters leave each other as they were, too', () => {
    const made = node([limitRow('burst', 1), quotaRow('monthly', 100)])
    const filter = made.plan(product('pets'))
    const policy = made.policy('default/all', [
      { ...quotaRow('all', 100), by: 'All', claim: null, header: null },
      { ...limitRow('pace', 100), by: 'Identity', claim: null, header: null },
    ])
    for (let i = 0; i < 40; i++) assert.equal(meet(asked(app), policy, filter) === '', i === 0)
    const x = asked(other)
    meet(x, policy, filter)
    assert.match(fieldsOf(x)[1]!, /"all";r=98;.*"pace";r=99;/)
  })

  test('that merely flag let through, say so, and go on counting', () => {
    const made = node([
      quotaRow('monthly', 2, { exceeded: 'Flag' }),
      limitRow('pace', 2, { exceeded: 'Flag' }),
    ])
    const filter = made.plan(product('pets'))
    const over = [1, 2, 3, 4].map(() => {
      const x = asked(app)
      assert.equal(meet(x, filter), '')
      return [x.notes.get(overQuotaNote), fieldsOf(x)[1]?.replaceAll(/;t=\d+/g, '')]
    })
    assert.deepEqual(over, [
      [undefined, '"monthly";r=1, "pace";r=1'],
      [undefined, '"monthly";r=0, "pace";r=0'],
      [true, '"monthly";r=0, "pace";r=0'],
      [true, '"monthly";r=0, "pace";r=0'],
    ])
    // A rate that was over for an hour is not over for another one.
    made.pass(30_000)
    const x = asked(app)
    meet(x, filter)
    assert.match(fieldsOf(x)[1]!, /"pace";r=0/)
    made.plans({ 'default/free': planRow([quotaRow('monthly', 6)]) })
    const last = asked(app)
    meet(last, filter)
    assert.match(fieldsOf(last)[1]!, /"monthly";r=0;/)
    assert.match(meet(asked(app), filter), /^plan_quota_exceeded/)
  })

  test('are of a subscription, whichever of its keys asks; and narrower ones add to that', () => {
    const made = node([
      quotaRow('all', 5),
      quotaRow('key', 3, { scope: 'Credential' }),
      quotaRow('each', 4, { scope: 'Operation' }),
    ])
    const filter = made.plan(product('pets'))
    const [one, two] = [identityOf('app', 'one'), identityOf('app', 'two')]
    assert.deepEqual(
      [one, one, one, one, two, two].map(key => meet(asked(key), filter).split(' ').at(-1)),
      ['', '', '', 'key', '', 'each'],
    )
    assert.equal(meet(asked(two, 'buy'), filter), '')
    assert.match(meet(asked(two, 'buy'), filter), / all$/)
  })

  test('of some operations leave others alone', () => {
    const made = node([quotaRow('buying', 1, { operations: ['buy'] })])
    const filter = made.plan(product('pets'))
    assert.equal(meet(asked(app, 'buy'), filter), '')
    assert.match(meet(asked(app, 'buy'), filter), /^plan_quota_exceeded/)
    const x = asked(app, 'get')
    assert.equal(meet(x, filter), '')
    assert.deepEqual(fieldsOf(x), [undefined, undefined])
  })

  test('are counted by address for who brings no credential, apart for each product', () => {
    const made = node([quotaRow('trial', 1)])
    const filter = made.plan(product('pets', { anonymousPlan: 'default/free' }))
    const from = (clientAddress: string): string => meet(asked(anonymous, 'get', { clientAddress }), filter)
    assert.equal(from('192.0.2.1'), '')
    assert.match(from('192.0.2.1'), /^plan_quota_exceeded/)
    assert.equal(from('192.0.2.2'), '')
    assert.equal(from('2001:db8:0:1::1'), '')
    assert.match(from('2001:db8:0:1::2'), /^plan_quota_exceeded/)
    const shop = made.plan(product('shop', { anonymousPlan: 'default/free' }))
    assert.equal(meet(asked(anonymous, 'get', { clientAddress: '192.0.2.1' }), shop), '')
    assert.equal(meet(asked(app), filter), '')
  })

  test('say who was counted by what', () => {
    const made = node([limitRow('burst', 1), quotaRow('soft', 1, { exceeded: 'Flag' })])
    const filter = made.plan(product('pets'))
    meet(asked(app), filter)
    meet(asked(app), filter)
    made.pass(60_000)
    meet(asked(app), filter)
    assert.deepEqual(made.counted, [
      'Plan default/free burst allowed',
      'Plan default/free soft allowed',
      'Plan default/free burst denied',
      'Plan default/free burst allowed',
      'Plan default/free soft over',
    ])
  })
})

suite('a plan that is changed in mid-window', () => {
  const free = planRow([quotaRow('monthly', 10), limitRow('burst', 10)])
  const gold = planRow([quotaRow('monthly', 100), limitRow('burst', 100), quotaRow('extra', 5)])

  test('keeps what was used of limits of the same name, up and down', () => {
    const made = new LimitsNode()
    made.plans({ 'default/free': free, 'default/gold': gold })
    made.subscriptions({ 'app default/pets': subscriptionRow('s1', 'default/free') })
    const filter = made.plan(product('pets'))
    const left = (): string | undefined => {
      const x = asked(app)
      const refused = meet(x, filter)
      return refused === '' ? fieldsOf(x)[1]?.match(/"monthly";r=\d+/)?.[0] : refused.split(' ')[0]
    }
    for (let i = 0; i < 8; i++) left()
    made.subscriptions({ 'app default/pets': subscriptionRow('s1', 'default/gold') })
    assert.equal(left(), '"monthly";r=91')
    made.subscriptions({ 'app default/pets': subscriptionRow('s1', 'default/free') })
    assert.equal(left(), '"monthly";r=0')
    assert.equal(left(), 'plan_quota_exceeded')
  })

  test('counts anew what is counted in another unit, or another window', () => {
    const made = node([quotaRow('calls', 1)])
    const filter = made.plan(product('pets'))
    meet(asked(app), filter)
    for (const next of [quotaRow('calls', 1, { unit: 'Cost' }), quotaRow('calls', 1, { per: 'Day' })]) {
      made.plans({ 'default/free': planRow([next]) })
      assert.equal(meet(asked(app), filter), '')
      assert.match(meet(asked(app), filter), /^plan_quota_exceeded/)
    }
  })

  test('is no way to more while it is paused: its window goes on, and so does what was used', () => {
    const made = node([quotaRow('monthly', 2)])
    const filter = made.plan(product('pets'))
    meet(asked(app), filter)
    made.subscriptions({ 'app default/pets': subscriptionRow('s1', 'default/free', { status: 'suspended' }) })
    for (let i = 0; i < 5; i++) assert.equal(meet(asked(app), filter), 'subscription_inactive')
    made.subscriptions({ 'app default/pets': subscriptionRow('s1', 'default/free') })
    assert.equal(meet(asked(app), filter), '')
    assert.match(meet(asked(app), filter), /^plan_quota_exceeded/)
  })
})

suite('units', () => {
  const said = (cost: string | null, identity = app, operation = 'get'): Exchange => {
    const x = asked(identity, operation)
    if (cost !== null) x.response.fields.add('X-Cost', cost)
    return x
  }

  test('cost is by operation, and what a backend says of it counts in its place, and is for nobody else to see', () => {
    const made = node([quotaRow('units', 100, { unit: 'Cost' })], {
      costs: [
        { operations: ['search'], cost: 5 },
        { operations: ['ping'], cost: 0 },
      ],
      costHeader: 'x-cost',
    })
    const filter = made.plan(product('pets'))
    const seen = (
      [
        [null, 'get'],
        [null, 'search'],
        [null, 'ping'],
        ['30', 'search'],
        ['2.001', 'search'],
        ['0', 'search'],
        ['many', 'get'],
        ['-4', 'get'],
      ] as const
    ).map(([cost, operation]) => {
      const x = said(cost, app, operation)
      assert.equal(meet(x, filter), '')
      assert.equal(x.response.fields.get('x-cost'), undefined)
      return [fieldsOf(x)[1]?.split(';')[1], x.notes.get(costNote)]
    })
    assert.deepEqual(seen, [
      ['r=99', 1],
      ['r=94', 5],
      ['r=94', 0],
      ['r=64', 30],
      ['r=61', 3],
      ['r=61', 0],
      ['r=60', 1],
      ['r=59', 1],
    ])
    assert.equal(fieldsOf(said('1'))[0], undefined)
    const x = said(null)
    meet(x, filter)
    assert.equal(fieldsOf(x)[0], '"units";q=100;qu="cost";w=2592000')
  })

  test('no answer costs more than the plan lets a backend say, and none gives anything back', () => {
    const made = node([quotaRow('units', 1_000, { unit: 'Cost' })], { costHeader: 'x-cost', maxCost: 50 })
    const filter = made.plan(product('pets'))
    const left = ['51', '999999999999999', '1e9', '-50', '9'.repeat(400), '50'].map(cost => {
      const x = said(cost)
      assert.equal(meet(x, filter), '')
      assert.equal(x.response.fields.get('x-cost'), undefined)
      return [fieldsOf(x)[1]?.split(';')[1], x.notes.get(costNote)]
    })
    assert.deepEqual(left, [
      ['r=950', 50],
      ['r=900', 50],
      ['r=899', 1],
      ['r=898', 1],
      ['r=897', 1],
      ['r=847', 50],
    ])
  })

  test('what is broken off counts as it was taken, and the bytes that have passed', () => {
    const made = node(
      [quotaRow('units', 100, { unit: 'Cost' }), quotaRow('data', 1_000, { unit: 'Bytes' })],
      { costs: [{ operations: ['search'], cost: 5 }], costHeader: 'x-cost' },
    )
    const filter = made.plan(product('pets'))
    // The client has gone, or the backend has: there is an end, and no answer before it.
    const x = asked(app, 'search', { requestBytes: 40, responseBytes: 2 })
    assert.equal(filter.request?.(x), undefined)
    filter.end?.(x)
    const next = asked(app, 'get')
    assert.equal(meet(next, filter), '')
    assert.match(fieldsOf(next)[1] ?? '', /^"units";r=94;.*"data";r=958;/)
  })

  test('a cost that there is no room for is refused, and a smaller one is not', () => {
    const made = node([quotaRow('units', 7, { unit: 'Cost' })], {
      costs: [{ operations: ['search'], cost: 5 }],
    })
    const filter = made.plan(product('pets'))
    assert.equal(meet(asked(app, 'search'), filter), '')
    const x = asked(app, 'search')
    assert.match(meet(x, filter), /^plan_quota_exceeded/)
    assert.equal(x.notes.get(costNote), 0)
    assert.equal(meet(asked(app, 'get'), filter), '')
    assert.equal(meet(asked(app, 'get'), filter), '')
    assert.match(meet(asked(app, 'get'), filter), /^plan_quota_exceeded/)
  })

  test('bytes are counted when they have passed: in both directions, and the last request may be over', () => {
    const made = node([
      quotaRow('traffic', 1_000, { unit: 'Bytes' }),
      limitRow('pace', 600, { unit: 'Bytes' }),
    ])
    const filter = made.plan(product('pets'))
    const moved = (requestBytes: number, responseBytes: number): string =>
      meet(asked(app, 'get', { requestBytes, responseBytes }), filter)
    assert.equal(moved(100, 400), '')
    const x = asked(app)
    meet(x, filter)
    assert.deepEqual(fieldsOf(x), [
      '"traffic";q=1000;qu="content-bytes";w=2592000, "pace";q=600;qu="content-bytes";w=60',
      '"traffic";r=500;t=394800, "pace";r=100;t=50',
    ])
    assert.equal(moved(0, 900), '')
    assert.match(moved(1, 1), /^plan_quota_exceeded Retry-After \d+ traffic pace$/)
    made.pass(6 * 86_400_000)
    assert.equal(moved(1, 1), '')
  })
})

test('fields are lists of structured fields, also with the largest numbers', () => {
  const made = node([
    quotaRow('a', 2 ** 50, { per: 'Year' }),
    limitRow('b', 1, { per: 'Day', burst: 1 }),
    quotaRow('c', 5, { per: 'Lifetime', unit: 'Bytes' }),
  ])
  const x = asked(app)
  meet(x, made.plan(product('pets')))
  const [policies = '', state = ''] = fieldsOf(x)
  const plain = (list: string): [unknown, unknown][] =>
    (parseList(list) as [string, Map<string, unknown>][]).map(([name, more]) => [
      name,
      Object.fromEntries(more),
    ])
  assert.deepEqual(plain(policies), [
    ['a', { q: 999_999_999_999_999, w: 31_536_000 }],
    ['b', { q: 1, w: 86_400 }],
    ['c', { q: 5, qu: 'content-bytes' }],
  ])
  assert.deepEqual(
    plain(state).map(([name]) => name),
    ['a', 'b', 'c'],
  )
})

test('what is told of a meter is told once, however often it is taken', () => {
  const made = node([quotaRow('monthly', 10), limitRow('burst', 10)])
  const filter = made.plan(product('pets'))
  for (let i = 0; i < 3; i++) meet(asked(app), filter)
  meet(asked(other), filter)
  assert.deepEqual(made.told, [])
  made.tick()
  const window = Date.UTC(2026, 10, 1)
  const keys = [`s1 Quota/Requests/Month monthly ${window}`, `s2 Quota/Requests/Month monthly ${window}`]
  const endsMs = [Date.UTC(2026, 11, 1), Date.UTC(2026, 11, 1)]
  assert.deepEqual(made.told, [{ channel: 'limits changed', message: { keys, endsMs } }])
  assert.equal(made.state.counters('limits', 'known').aim(keys[0]!, '').read(made.nowUs), 3)
  meet(asked(other), filter)
  made.tick()
  assert.equal(made.told.length, 2)
})
