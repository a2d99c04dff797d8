import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exchange, origin } from '../../test/support/exchange.ts'
import { kit } from '../../test/support/kit.ts'
import { addressList, type AddressListConfig } from './address-list.ts'

const config = (more: Partial<AddressListConfig>): AddressListConfig => ({
  type: 'address-list',
  origin,
  policy: 'default/office',
  allow: null,
  deny: [],
  except: [],
  ...more,
})

for (const [lists, clientAddress, passes] of [
  [{ allow: ['10.0.0.0/8'] }, '10.1.2.3', true],
  [{ allow: ['10.0.0.0/8'] }, '::ffff:10.1.2.3', true],
  [{ allow: ['10.0.0.0/8'] }, '11.0.0.1', false],
  [{ allow: ['10.0.0.0/8'] }, '2001:db8::1', false],
  [{ allow: ['10.0.0.0/8'] }, '', false],
  [{ allow: ['2001:db8::/32', '192.0.2.1'] }, '2001:db8:1::1', true],
  [{ allow: ['2001:db8::/32', '192.0.2.1'] }, '192.0.2.1', true],
  [{ allow: ['2001:db8::/32', '192.0.2.1'] }, '192.0.2.2', false],
  [{ deny: ['192.0.2.0/24'] }, '192.0.2.200', false],
  [{ deny: ['192.0.2.0/24'] }, '192.0.3.1', true],
  [{ allow: ['10.0.0.0/8'], deny: ['10.6.0.0/16'] }, '10.6.1.1', false],
  [{ allow: ['10.0.0.0/8'], deny: ['10.6.0.0/16'] }, '10.7.1.1', true],
] as const)
  test(`${JSON.stringify(lists)} ${passes ? 'takes' : 'refuses'} ${clientAddress}`, () => {
    const verdict = addressList
      .compile(config(lists), kit())
      .request?.(exchange({}, [], 200, { clientAddress }))
    if (passes) assert.equal(verdict, undefined)
    else assert.ok(verdict !== undefined && 'failure' in verdict && verdict.failure === 'address_denied')
  })

test('what is excepted is taken from anywhere', () => {
  const except = [{ routes: null, paths: null, methods: ['GET'] }]
  const filter = addressList.compile(config({ allow: ['10.0.0.0/8'], except }), kit())
  assert.equal(filter.request?.(exchange({ method: 'GET' })), undefined)
  assert.notEqual(filter.request?.(exchange({ method: 'POST' })), undefined)
})

test('what explain shows', () => {
  const many = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5']
  assert.equal(
    addressList.describe(config({ allow: many, deny: ['10.0.0.9'] })),
    'allow 10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4 and 1 more, deny 10.0.0.9',
  )
})
