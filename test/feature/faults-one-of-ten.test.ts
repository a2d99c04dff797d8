import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { acting, answers, faultyWires } from '../support/faults.ts'
import { beside, CONSECUTIVE, faultsOf, outcomeOf } from '../support/fault-table.ts'

const REQUESTS = 60

for (const wire of faultyWires)
  suite(`one of ten backends (${wire})`, { concurrency: 8 }, () => {
    for (const [name, fault] of faultsOf(wire))
      test(`${name}: at most ${fault.one} callers notice, and the neighbour is served`, async () => {
        const { make, one, out } = fault
        await using stack = new AsyncDisposableStack()
        const sick = stack.use(await make(wire))
        const backends = [sick]
        while (backends.length < 10) backends.push(stack.use(await acting(wire, answers)))
        await beside(wire, backends, fault, {}, async (portcullis, neighbour) => {
          const outcomes: string[] = []
          for (let i = 0; i < REQUESTS; i++) outcomes.push(String(await outcomeOf(portcullis, neighbour)))
          const failed = outcomes.filter(outcome => outcome !== 'ok')
          assert.ok(failed.length <= one, failed.join())
          const { state, reason } = portcullis.engine
            .health(['Backend/default/up'])[0]!
            .endpoints.find(({ port }) => port === sick.port)!
          assert.equal(state, out === null ? 'serving' : 'ejected')
          if (out === null) return assert.ok(!(sick.met === 0))
          assert.match(reason, out)
          assert.ok(!(sick.met > CONSECUTIVE), `it has met ${sick.met}`)
        })
      })
  })

suite('one of ten backends, of requests that may not be repeated', { concurrency: 8 }, () => {
  for (const [name, fault] of faultsOf('h1'))
    if (fault.out !== null && fault.timed !== true)
      test(`${name}: at most ${CONSECUTIVE} callers notice`, async () => {
        await using stack = new AsyncDisposableStack()
        const backends = [stack.use(await fault.make('h1'))]
        while (backends.length < 10) backends.push(stack.use(await acting('h1', answers)))
        await beside('h1', backends, fault, {}, async (portcullis, neighbour) => {
          const outcomes: string[] = []
          for (let i = 0; i < REQUESTS; i++)
            outcomes.push(String(await outcomeOf(portcullis, neighbour, { method: 'POST', body: '' })))
          const failed = outcomes.filter(outcome => outcome !== 'ok')
          assert.ok(failed.length > 0 && failed.length <= CONSECUTIVE, failed.join())
        })
      })
})
