// Who makes up values by the hundred thousand, so that others are not counted by theirs.
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { anonymous, limitRow, planRow, policyRow, quotaRow } from '../support/limit-rows.ts'
import { asked, LimitsNode, meet, product } from '../support/limits-node.ts'

suite('a limit', () => {
  for (const row of [quotaRow('calls', 3), limitRow('calls', 3, { per: 'Hour', burst: 3 })])
    for (const [what, ask] of [
      [
        'headers',
        (node: LimitsNode) => {
          const policy = node.policy('default/tenants', [
            policyRow(row, { by: 'Header', header: 'x-tenant' }),
          ])
          return (clientAddress: string, value: string): string => {
            const x = asked(anonymous, 'get', { clientAddress })
            x.request.fields.add('X-Tenant', value)
            return meet(x, policy)
          }
        },
      ],
      [
        'claims',
        (node: LimitsNode) => {
          const policy = node.policy('default/tenants', [policyRow(row, { by: 'Claim', claim: 'tenant' })])
          return (clientAddress: string, value: string): string => {
            const identity = {
              ...anonymous,
              kind: 'jwt',
              principal: value,
              claims: { tenant: value },
            } as const
            return meet(asked(identity, 'get', { clientAddress }), policy)
          }
        },
      ],
    ] as const)
      test(`(${row.kind}) of ${what} leaves others a count of their own when one client makes up any number of values`, () => {
        const node = new LimitsNode()
        const asks = ask(node)
        const guests = [quotaRow('yearly', 3), limitRow('hourly', 3, { per: 'Hour', burst: 3 })]
        node.plans({ 'default/free': planRow(guests) })
        const plan = node.plan(product('pets', { anonymousPlan: 'default/free' }))
        // A third more than there are places, from as many addresses of his network as he likes.
        for (let i = 0; i < 350_000; i++) asks(`2001:db8:${(i & 4_095).toString(16)}::1`, `made up ${i}`)
        let own = 0
        for (let i = 0; i < 500; i++) {
          const address = `${1 + (i % 200)}.${i >> 2}.7.9`
          const marks = [1, 2, 3, 4].map(() => (asks(address, `tenant ${i}`) === '' ? '.' : 'x')).join('')
          // Another one from the same place, which would have a count with the first where there is no place for each.
          const sibling = asks(address, `sibling ${i}`) === '' ? '.' : 'x'
          if (`${marks}${sibling}` === '...x.') own++
        }
        assert.ok(own >= 495, `${own} of 500`)
        const others = Array.from({ length: 500 }, (_, i) =>
          meet(asked(anonymous, 'get', { clientAddress: `${1 + (i % 200)}.${i >> 2}.8.9` }), plan),
        )
        assert.ok(others.filter(one => one === '').length >= 495)
      })
})
