import assert from 'node:assert/strict'
import { test } from 'node:test'
import { planRow, quotaRow } from '../../../../../test/support/limit-rows.ts'
import { LimitsNode } from '../../../../../test/support/limits-node.ts'
import { LimitReader } from '../subscription-limits.ts'
import { CommonQuotas } from './common-quotas.ts'

for (const [counters, known] of [
  ['', true],
  ['redis://127.0.0.1:1', false],
] as const)
  test(`what several gateways count is ${known ? "this node's" : 'not known'} before anybody has begun, with counters "${counters}"`, async () => {
    const { kit: worker } = new LimitsNode()
    const calendar = { now: () => worker.clock.wallMs(), after: () => () => {} }
    const kit = { ...worker, sharedUs: () => worker.clock.sharedUs(), calendar, settings: { counters } }
    const common = new CommonQuotas(kit as never)
    const reader = new LimitReader(kit as never, () => common.store)
    const plan = planRow([quotaRow('here', 5), quotaRow('together', 5, { counters: 'Exact' })])
    const asked = { subscription: 's1', sinceMs: 0, plan, operations: [], credentials: [] }
    const items = await reader.read(asked)
    assert.deepEqual(
      items.map(one => [one.name, one.known]),
      [
        ['here', true],
        ['together', known],
      ],
    )
    common.close()
  })
