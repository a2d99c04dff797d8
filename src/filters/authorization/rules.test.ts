import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { exchange } from '../../../test/support/exchange.ts'
import { identity, rule, type RuleParts } from '../../../test/support/authorization.ts'
import { askedApiNote, identityNote, subscribedNote, type Identity } from '../identity.ts'
import { CompiledRule } from './rules.ts'

const APP = '0190a5e4-0000-7000-8000-000000000001'
const UNNAMED = '0190a5e4-0000-7000-8000-000000000002'
const ACCOUNT = '0190a5e4-0000-7000-8000-00000000000a'

interface Request {
  readonly who?: Partial<Identity> | null
  readonly plan?: string
  readonly operation?: string
  readonly method?: string
  readonly path?: string
  readonly query?: string
  readonly hostname?: string
  readonly address?: string
  readonly fields?: readonly string[]
  readonly at?: string
}

/** Whether a rule of these parts allows, and whether it denies. */
function judged(parts: RuleParts, request: Request): readonly [allows: boolean, denies: boolean] {
  const {
    who = null,
    plan,
    operation,
    fields = [],
    address = '192.0.2.1',
    at = '2026-03-02T12:00:00Z',
  } = request
  const { method = 'GET', path = '/', query = '', hostname = 'a.example' } = request
  const x = exchange({ method, path, query, hostname, fields: [...fields] }, [], 200, {
    clientAddress: address,
    asked: { method, path, query, hostname, authority: hostname },
  })
  if (who !== null) x.notes.set(identityNote, identity(who))
  if (plan !== undefined) x.notes.set(subscribedNote, { product: 'default/pets', plan, subscription: null })
  if (operation !== undefined)
    x.notes.set(askedApiNote, { api: 'default/petstore', version: 'v1', operation })
  const names = new Map([[APP, { name: 'shop', accountName: 'acme' }]])
  const around = { names, wallMs: () => Date.parse(at) }
  return [
    new CompiledRule(rule('allow', parts), around).matches(x),
    new CompiledRule(rule('deny', parts), around).matches(x),
  ]
}

const yes = [true, true]
const no = [false, false]
/** Neither allowed nor let off. */
const unclear = [false, true]

type Case = readonly [what: string, parts: RuleParts, request: Request, expected: readonly boolean[]]

const header = (
  operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | 'GreaterThan' | 'Prefix',
  values: string[],
) => ({
  when: [{ attribute: 'Header', name: 'x-tier', operator, values, timeZone: '' } as const],
})
const query = (operator: 'In' | 'NotIn' | 'Exists' | 'Between', values: string[]) => ({
  when: [{ attribute: 'Query', name: 'tier', operator, values, timeZone: '' } as const],
})
const claim = (
  name: string,
  operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | 'GreaterThan' | 'Matches',
  values: string[],
) => ({ when: [{ attribute: 'Claim', name, operator, values, timeZone: '' } as const] })
const time = (timeZone: string, operator: 'GreaterThan' | 'LessThan' | 'Between', values: string[]) => ({
  when: [{ attribute: 'Time', name: '', operator, values, timeZone } as const],
})
const weekday = (timeZone: string, operator: 'In' | 'NotIn', values: string[]) => ({
  when: [{ attribute: 'Weekday', name: '', operator, values, timeZone } as const],
})

const subjects: readonly Case[] = [
  ['a rule without anything is for all', {}, {}, yes],
  ['a principal', { from: { principals: ['key:1'] } }, { who: { principal: 'key:1' } }, yes],
  ['another principal', { from: { principals: ['key:1'] } }, { who: { principal: 'key:12' } }, no],
  ['the beginning of one', { from: { principals: ['key:*'] } }, { who: { principal: 'key:1' } }, yes],
  ['anybody known', { from: { principals: ['*'] } }, { who: {} }, yes],
  ['nobody is nobody known', { from: { principals: ['*'] } }, {}, no],
  [
    'who is anonymous has no name',
    { from: { principals: ['anonymous', '*'] } },
    { who: { kind: 'anonymous', principal: 'anonymous' } },
    no,
  ],
  ['anonymous', { from: { anonymous: true } }, {}, yes],
  [
    'anonymous by a policy that lets them',
    { from: { anonymous: true } },
    { who: { kind: 'anonymous' } },
    yes,
  ],
  ['somebody known is not', { from: { anonymous: true } }, { who: {} }, no],
  ['not anonymous', { from: { anonymous: false } }, { who: {} }, yes],
  ['not anonymous, and nobody', { from: { anonymous: false } }, {}, no],
  ['an application by id', { from: { applications: [APP] } }, { who: { application: APP } }, yes],
  ['an application by name', { from: { applications: ['acme/shop'] } }, { who: { application: APP } }, yes],
  ['another name', { from: { applications: ['acme/till'] } }, { who: { application: APP } }, no],
  [
    'a name that cannot be had',
    { from: { applications: ['acme/shop'] } },
    { who: { application: UNNAMED } },
    unclear,
  ],
  ['no application', { from: { applications: ['acme/shop'] } }, { who: {} }, no],
  ['another id needs no name', { from: { applications: [APP] } }, { who: { application: UNNAMED } }, no],
  ['an account by id', { from: { accounts: [ACCOUNT] } }, { who: { account: ACCOUNT } }, yes],
  [
    'an account by name',
    { from: { accounts: ['acme'] } },
    { who: { account: ACCOUNT, application: APP } },
    yes,
  ],
  [
    'an account whose name cannot be had',
    { from: { accounts: ['acme'] } },
    { who: { account: ACCOUNT, application: UNNAMED } },
    unclear,
  ],
  ['no account', { from: { accounts: ['acme'] } }, { who: {} }, no],
  ['a plan', { from: { plans: ['default/gold'] } }, { plan: 'default/gold' }, yes],
  ['another plan', { from: { plans: ['default/gold'] } }, { plan: 'default/free' }, no],
  ['no plan', { from: { plans: ['default/gold'] } }, { who: {} }, no],
  ['a product', { from: { products: ['default/pets'] } }, { plan: 'default/gold' }, yes],
  ['one of several scopes', { from: { scopes: [['read'], ['write']] } }, { who: { scopes: ['write'] } }, yes],
  ['none of them', { from: { scopes: [['read'], ['write']] } }, { who: { scopes: ['admin'] } }, no],
  ['all of a set', { from: { scopes: [['read', 'write']] } }, { who: { scopes: ['write', 'read'] } }, yes],
  ['not all of a set', { from: { scopes: [['read', 'write']] } }, { who: { scopes: ['write'] } }, no],
  ['nobody has scopes', { from: { scopes: [['read']] } }, {}, no],
  [
    'a claim',
    { from: { claims: [{ name: 'role', values: ['a', 'b'] }] } },
    { who: { claims: { role: 'b' } } },
    yes,
  ],
  [
    'a claim that is a list',
    { from: { claims: [{ name: 'role', values: ['b'] }] } },
    { who: { claims: { role: ['a', 'b'] } } },
    yes,
  ],
  [
    'a claim within another',
    { from: { claims: [{ name: 'realm.role', values: ['b'] }] } },
    { who: { claims: { realm: { role: ['b'] } } } },
    yes,
  ],
  [
    'a claim of another value',
    { from: { claims: [{ name: 'role', values: ['b'] }] } },
    { who: { claims: { role: 'a' } } },
    no,
  ],
  ['a claim that is not there', { from: { claims: [{ name: 'role', values: ['b'] }] } }, { who: {} }, no],
  [
    'a claim that cannot be read',
    { from: { claims: [{ name: 'role', values: ['b'] }] } },
    { who: { claims: { role: { b: true } } } },
    unclear,
  ],
  [
    'a list with something that cannot be read',
    { from: { claims: [{ name: 'role', values: ['b'] }] } },
    { who: { claims: { role: ['a', {}] } } },
    unclear,
  ],
  [
    'two claims',
    {
      from: {
        claims: [
          { name: 'a', values: ['1'] },
          { name: 'b', values: ['2'] },
        ],
      },
    },
    { who: { claims: { a: 1, b: 3 } } },
    no,
  ],
  ['an address', { from: { addresses: ['192.0.2.0/24'] } }, {}, yes],
  ['another address', { from: { addresses: ['198.51.100.0/24', '::1'] } }, {}, no],
  ['an address that is none', { from: { addresses: ['192.0.2.0/24'] } }, { address: '' }, unclear],
  ['all that is given must fit', { from: { principals: ['*'], addresses: ['10.0.0.0/8'] } }, { who: {} }, no],
  [
    'what is unclear does not outweigh what does not fit',
    { from: { principals: ['x'], claims: [{ name: 'r', values: ['b'] }] } },
    { who: { claims: { r: {} } } },
    no,
  ],
]

const targets: readonly Case[] = [
  ['a method', { to: { methods: ['GET', 'HEAD'] } }, { method: 'HEAD' }, yes],
  ['another method', { to: { methods: ['GET'] } }, { method: 'HEAD' }, no],
  ['a host', { to: { hosts: ['a.example'] } }, {}, yes],
  ['a host below', { to: { hosts: ['*.example'] } }, {}, yes],
  ['the host itself is not below', { to: { hosts: ['*.a.example'] } }, {}, no],
  ['an exact path', { to: { paths: [{ type: 'exact', value: '/a' }] } }, { path: '/a' }, yes],
  ['what is below an exact path', { to: { paths: [{ type: 'exact', value: '/a' }] } }, { path: '/a/b' }, no],
  ['below a prefix', { to: { paths: [{ type: 'prefix', value: '/a' }] } }, { path: '/a/b' }, yes],
  ['the prefix itself', { to: { paths: [{ type: 'prefix', value: '/a' }] } }, { path: '/a' }, yes],
  [
    'prefixes are of whole segments',
    { to: { paths: [{ type: 'prefix', value: '/a' }] } },
    { path: '/ab' },
    no,
  ],
  ['every path', { to: { paths: [{ type: 'prefix', value: '' }] } }, { path: '/x' }, yes],
  [
    'every path, * too',
    { to: { paths: [{ type: 'prefix', value: '' }] } },
    { method: 'OPTIONS', path: '*' },
    yes,
  ],
  [
    'an encoded slash within',
    { to: { paths: [{ type: 'prefix', value: '/a' }] } },
    { path: '/a/b%2Fc' },
    yes,
  ],
  [
    'an encoded slash that leads in',
    { to: { paths: [{ type: 'prefix', value: '/a/b' }] } },
    { path: '/a%2Fb/c' },
    unclear,
  ],
  [
    'a step that some see, out',
    { to: { paths: [{ type: 'prefix', value: '/open' }] } },
    { path: '/open/..;/admin' },
    unclear,
  ],
  [
    'a step that some see, in',
    { to: { paths: [{ type: 'prefix', value: '/admin' }] } },
    { path: '/open/..;/admin' },
    unclear,
  ],
  [
    'a parameter of a segment',
    { to: { paths: [{ type: 'prefix', value: '/admin' }] } },
    { path: '/admin;x=1/users' },
    unclear,
  ],
  [
    'slashes that some read as one',
    { to: { paths: [{ type: 'prefix', value: '/admin' }] } },
    { path: '//admin' },
    unclear,
  ],
  ['an operation', { to: { operations: ['getPet'] } }, { path: '/pets/1', operation: 'getPet' }, yes],
  ['another operation', { to: { operations: ['getPet'] } }, { path: '/pets', operation: 'listPets' }, no],
  ['none that is known', { to: { operations: ['getPet'] } }, { path: '/x', operation: '' }, no],
  ['no API', { to: { operations: ['getPet'] } }, { path: '/x' }, no],
  [
    'an operation whose parameter has a slash',
    { to: { operations: ['getPet'] } },
    { path: '/pets/a%2Fb', operation: 'getPet' },
    yes,
  ],
  [
    'an operation that a backend may take it for',
    { to: { operations: ['getPet'] } },
    { path: '/pets%2F1', operation: '' },
    unclear,
  ],
  [
    'an operation with a step',
    { to: { operations: ['getFood'] } },
    { path: '/pets/..;/food', operation: 'getFood' },
    unclear,
  ],
]

const conditions: readonly Case[] = [
  ['a header', header('In', ['a', 'b']), { fields: ['X-Tier', 'b'] }, yes],
  ['a header of another value', header('In', ['a']), { fields: ['X-Tier', 'b'] }, no],
  ['no header', header('In', ['a']), {}, no],
  ['no header is not among', header('NotIn', ['a']), {}, yes],
  ['a header that is not among', header('NotIn', ['a']), { fields: ['X-Tier', 'b'] }, yes],
  ['a header that is', header('NotIn', ['a']), { fields: ['X-Tier', 'a'] }, no],
  [
    'two of a header, one of which fits',
    header('In', ['a']),
    { fields: ['X-Tier', 'a', 'X-Tier', 'b'] },
    unclear,
  ],
  ['two of a header that fit', header('In', ['a', 'b']), { fields: ['X-Tier', 'a', 'X-Tier', 'b'] }, yes],
  [
    'two, one of which is not among',
    header('NotIn', ['a']),
    { fields: ['X-Tier', 'b', 'x-tier', 'a'] },
    unclear,
  ],
  ['a list, one member of which fits', header('In', ['a']), { fields: ['X-Tier', 'b, a'] }, unclear],
  ['a name that some read as it', header('In', ['a']), { fields: ['X_Tier', 'a'] }, unclear],
  ['a header that is there', header('Exists', []), { fields: ['X-Tier', ''] }, yes],
  ['a header that is not', header('DoesNotExist', []), {}, yes],
  ['a header that is there for some', header('DoesNotExist', []), { fields: ['X_Tier', 'a'] }, unclear],
  ['the beginning of a header', header('Prefix', ['go']), { fields: ['X-Tier', 'gold'] }, yes],
  ['a number', header('GreaterThan', ['10']), { fields: ['X-Tier', '10.5'] }, yes],
  ['a smaller number', header('GreaterThan', ['10']), { fields: ['X-Tier', '10'] }, no],
  ['no number', header('GreaterThan', ['10']), { fields: ['X-Tier', '0x20'] }, unclear],
  ['a parameter', query('In', ['a b']), { query: '?x=1&tier=a%20b' }, yes],
  ['a parameter by another spelling', query('In', ['a']), { query: '?%74ier=%61' }, yes],
  ['a parameter twice', query('In', ['a']), { query: '?tier=a&tier=b' }, unclear],
  ['a plus that some read as a space', query('In', ['a b']), { query: '?tier=a+b' }, unclear],
  ['no parameter', query('Exists', []), { query: '?tie=1' }, no],
  ['a parameter without a value', query('Exists', []), { query: '?tier' }, yes],
  ['between', query('Between', ['1', '3']), { query: '?tier=1' }, yes],
  ['the second is not between', query('Between', ['1', '3']), { query: '?tier=3' }, no],
  ['a claim', claim('g', 'In', ['a']), { who: { claims: { g: ['b', 'a'] } } }, yes],
  ['a claim that is not among', claim('g', 'NotIn', ['a']), { who: { claims: { g: ['b', 'a'] } } }, no],
  ['a claim that is not there is not among', claim('g', 'NotIn', ['a']), { who: {} }, yes],
  ['of nobody', claim('g', 'In', ['a']), {}, no],
  ['that nobody has not', claim('g', 'NotIn', ['a']), {}, unclear],
  ['that nobody has not at all', claim('g', 'DoesNotExist', []), {}, unclear],
  ['a claim is there', claim('g', 'Exists', []), { who: { claims: { g: {} } } }, yes],
  ['a claim is not there', claim('g', 'DoesNotExist', []), { who: {} }, yes],
  ['what cannot be read', claim('g', 'NotIn', ['a']), { who: { claims: { g: {} } } }, unclear],
  ['a number in a claim', claim('level', 'GreaterThan', ['2']), { who: { claims: { level: 3 } } }, yes],
  [
    'a glob',
    claim('mail', 'Matches', ['*@acme.example']),
    { who: { claims: { mail: 'a@acme.example' } } },
    yes,
  ],
  ['by day', time('', 'Between', ['08:00', '18:00']), {}, yes],
  ['the end is not within', time('', 'Between', ['08:00', '12:00']), {}, no],
  ['over midnight, before', time('', 'Between', ['22:00', '06:00']), { at: '2026-03-02T23:00:00Z' }, yes],
  ['over midnight, after', time('', 'Between', ['22:00', '06:00']), { at: '2026-03-02T05:59:59Z' }, yes],
  ['over midnight, at noon', time('', 'Between', ['22:00', '06:00']), {}, no],
  ['in another zone', time('Europe/Berlin', 'GreaterThan', ['13:00']), {}, yes],
  ['in summer', time('Europe/Berlin', 'GreaterThan', ['14:00']), { at: '2026-07-01T12:00:00Z' }, yes],
  ['until an instant', time('', 'LessThan', ['2026-03-02T12:00:01Z']), {}, yes],
  ['after it', time('', 'LessThan', ['2026-03-02T12:00:00Z']), {}, no],
  ['a Monday', weekday('', 'In', ['Monday']), {}, yes],
  ['no weekend', weekday('', 'NotIn', ['Saturday', 'Sunday']), {}, yes],
  [
    'a day ends elsewhere sooner',
    weekday('Asia/Tokyo', 'In', ['Tuesday']),
    { at: '2026-03-02T15:00:00Z' },
    yes,
  ],
  [
    'an address',
    { when: [{ attribute: 'Address', name: '', operator: 'In', values: ['192.0.2.1'], timeZone: '' }] },
    {},
    yes,
  ],
  [
    'not an address',
    { when: [{ attribute: 'Address', name: '', operator: 'NotIn', values: ['192.0.2.1'], timeZone: '' }] },
    {},
    no,
  ],
  [
    'two conditions',
    { when: [...header('In', ['a']).when, ...query('In', ['b']).when] },
    { fields: ['X-Tier', 'a'] },
    no,
  ],
]

for (const [what, cases] of Object.entries({ subjects, targets, conditions }))
  suite(what, () => {
    for (const [name, parts, request, expected] of cases)
      test(name, () => assert.deepEqual(judged(parts, request), expected))
  })

test('the time of day goes on', () => {
  let at = Date.parse('2026-03-02T07:59:59Z')
  const work = new CompiledRule(rule('allow', time('', 'Between', ['08:00', '09:00'])), {
    names: null,
    wallMs: () => at,
  })
  assert.equal(work.matches(exchange({})), false)
  at += 1_000
  assert.equal(work.matches(exchange({})), true)
})
