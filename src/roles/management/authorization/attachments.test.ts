import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AuthorizationConfig } from '../../../filters/authorization/config.ts'
import { authorizationAttachments } from './attachments.ts'
import { policyConfig, type AuthorizationSpec } from './settings.ts'

const policy = (name: string, spec: AuthorizationSpec) => ({
  apiVersion: 'portcullis.dev/v1alpha1',
  kind: 'AuthorizationPolicy',
  metadata: { namespace: 'shop', name, labels: {}, annotations: {} } as never,
  body: { spec },
  at: () => ({ file: 'a.yaml', line: 7, column: 3 }),
})

const allow = { name: 'a', action: 'Allow' } as const
const nothing = {
  from: {
    principals: null,
    applications: null,
    accounts: null,
    plans: null,
    products: null,
    scopes: null,
    claims: null,
    addresses: null,
    anonymous: null,
  },
  to: { operations: null, methods: null, paths: null, hosts: null },
}

test('a rule as it is enforced', () => {
  const {
    rules,
    dryRun,
    except,
    policy: name,
    origin,
  } = policyConfig(
    policy('writers', {
      rules: [
        allow,
        {
          name: 'b',
          action: 'Deny',
          from: { plans: ['gold', 'other/free'], scopes: ['read', 'read write'], anonymous: false },
          to: { paths: ['/a/../b', '/c/*', '/*', '/%7Eme/*'], hosts: ['A.Example.', '*.b.example'] },
          when: [
            { attribute: 'Header', name: 'X-Tier', operator: 'Exists' },
            { attribute: 'Claim', name: 'Role', operator: 'In', values: ['a'] },
            { attribute: 'Time', operator: 'LessThan', values: ['08:00'], timeZone: 'Europe/Berlin' },
          ],
        },
      ],
      except: [{ methods: ['OPTIONS'] }],
    }),
  )
  assert.equal(name, 'shop/writers')
  assert.equal(origin.resource, 'AuthorizationPolicy/shop/writers')
  assert.equal(dryRun, false)
  assert.deepEqual(except, [{ routes: null, paths: null, methods: ['OPTIONS'] }])
  assert.deepEqual(rules, [
    { name: 'a', action: 'allow', ...nothing, when: [] },
    {
      name: 'b',
      action: 'deny',
      from: {
        ...nothing.from,
        plans: ['shop/gold', 'other/free'],
        scopes: [['read'], ['read', 'write']],
        anonymous: false,
      },
      to: {
        ...nothing.to,
        paths: [
          { type: 'exact', value: '/b' },
          { type: 'prefix', value: '/c' },
          { type: 'prefix', value: '' },
          { type: 'prefix', value: '/~me' },
        ],
        hosts: ['a.example', '*.b.example'],
      },
      when: [
        { attribute: 'Header', name: 'x-tier', operator: 'Exists', values: [], timeZone: '' },
        { attribute: 'Claim', name: 'Role', operator: 'In', values: ['a'], timeZone: '' },
        { attribute: 'Time', name: '', operator: 'LessThan', values: ['08:00'], timeZone: 'Europe/Berlin' },
      ],
    },
  ])
})

test('policies of one scope are one filter, and scopes that meet at one place are several', () => {
  const [one, two] = [policy('one', { rules: [allow] }), policy('two', { rules: [allow], dryRun: true })]
  const at = { route: 'httproute/shop/items' }
  const attachments = authorizationAttachments([
    { at, scope: 'API shop/items', policy: one },
    { at: { gateway: 'shop/front' }, scope: 'Gateway shop/front', policy: one },
    { at, scope: 'API shop/items', policy: two },
    { at, scope: 'HTTPRoute shop/items', policy: two },
    // By another of its targetRefs.
    { at, scope: 'HTTPRoute shop/items', policy: two },
  ])
  assert.deepEqual(
    attachments.map(({ at: place, filter, protects }) => {
      const { scope, policies } = filter as AuthorizationConfig
      return [place, scope, policies.map(({ policy: name }) => name), protects]
    }),
    [
      [at, 'API shop/items', ['shop/one', 'shop/two'], true],
      [{ gateway: 'shop/front' }, 'Gateway shop/front', ['shop/one'], true],
      [at, 'HTTPRoute shop/items', ['shop/two'], true],
    ],
  )
})
