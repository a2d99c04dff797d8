import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { Fields } from '../http/fields.ts'
import type { Hedging } from '../upstream/hedging.ts'
import { Hedge, type Hedged } from './hedge.ts'

for (const [what, isConnected, affords, expected] of [
  ['with a connection, paid for', true, true, ['acquire', 'pay', 'sent']],
  ['without a connection, which is not paid for', false, true, ['acquire']],
  ['that nobody pays for, whose connection is given back', true, false, ['acquire', 'pay', 'aborted']],
] as const)
  test(`a second attempt ${what}`, () => {
    const log: string[] = []
    const stream = {
      send: () => log.push('sent'),
      flush: () => true,
      abort: () => log.push('aborted'),
    }
    const acquire = () => {
      log.push('acquire')
      return isConnected ? stream : null
    }
    const affordsHedge = () => {
      log.push('pay')
      return affords
    }
    const hedged = {
      x: { request: { fields: new Fields(), length: 0 }, notes: { set() {} }, span: null },
      cluster: { mayHedge: () => true, affordsHedge },
      hedgeEndpoint: () => ({ pool: { acquire }, begin() {} }),
      hedgeBegins() {},
    }
    mock.timers.enable({ apis: ['setTimeout'] })
    try {
      const hedge = new Hedge(hedged as unknown as Hedged, { delayMs: 10 } as unknown as Hedging)
      mock.timers.tick(10)
      assert.deepEqual(log, expected)
      assert.equal(hedge.isUnderWay, isConnected && affords)
    } finally {
      mock.timers.reset()
    }
  })
