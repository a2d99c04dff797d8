import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { faultyWires } from '../support/faults.ts'
import { beside, faultsOf, outcomeOf, policy, type Outcome } from '../support/fault-table.ts'

/** So many bad attempts open the breaker; that of a request that repeats may be under way then. */
const trip = { minRequests: 6, interval: '10m', openFor: '10m' }

for (const wire of faultyWires)
  suite(`all backends (${wire})`, { concurrency: 8 }, () => {
    for (const [name, fault] of faultsOf(wire))
      test(`${name}: ${fault.opens ? 'they are left alone' : fault.all.join(' or ')}, and the neighbour is served`, async () => {
        const { make, all, opens } = fault
        await using stack = new AsyncDisposableStack()
        const backends = [stack.use(await make(wire)), stack.use(await make(wire))]
        await beside(wire, backends, fault, { circuitBreaker: { trip } }, async (portcullis, neighbour) => {
          const outcomes: (Outcome | 'refused')[] = []
          for (let i = 0; i < 8; i++) outcomes.push(await outcomeOf(portcullis, neighbour))
          const first = outcomes.indexOf('refused')
          const before = first === -1 ? outcomes : outcomes.slice(0, first)
          assert.ok(
            before.length > 0 && before.every(outcome => all.some(one => one === outcome)),
            outcomes.join(),
          )
          assert.equal(first !== -1, opens)
          if (!opens) return
          // Whoever comes after is answered here.
          assert.ok(outcomes.slice(first).every(outcome => outcome === 'refused'))
          assert.ok(
            !(backends.reduce((sum, { met }) => sum + met, 0) > trip.minRequests + policy.retry.attempts),
          )
        })
      })
  })
