import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { acting, answers, faultyWires, late, type Backend } from '../support/faults.ts'
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

suite('one of ten backends that answers late, in time', { concurrency: 2 }, () => {
  const slow = faultsOf('h1').find(([name]) => name === 'answers slowly, in time')![1]
  const ten = async (stack: AsyncDisposableStack): Promise<[Backend, ...Backend[]]> => {
    const backends: [Backend, ...Backend[]] = [stack.use(await acting('h1', late(200)))]
    while (backends.length < 10) backends.push(stack.use(await acting('h1', answers)))
    return backends
  }

  test('is left out where latencies are compared: from then on nobody waits for it', async () => {
    await using stack = new AsyncDisposableStack()
    const backends = await ten(stack)
    const [sick] = backends
    const latency = { minRequests: 1, least: '50ms' }
    const outlierDetection = { latency, interval: '500ms', baseEjection: '1h', maxEjection: '1h' }
    await beside('h1', backends, slow, { outlierDetection }, async (portcullis, neighbour) => {
      const reason = (): string =>
        portcullis.engine
          .health(['Backend/default/up'])[0]!
          .endpoints.find(({ port, state }) => port === sick.port && state === 'ejected')?.reason ?? ''
      while (reason() === '') assert.equal(await outcomeOf(portcullis, neighbour), 'ok')
      assert.match(reason(), /^latency: answers took \d+ ms, \d+ ms in the median$/)
      const { met } = sick
      for (let i = 0; i < 30; i++) assert.equal(await outcomeOf(portcullis, neighbour), 'ok')
      assert.equal(sick.met, met)
    })
  })

  test('is hardly asked again where PeakEWMA chooses', async () => {
    await using stack = new AsyncDisposableStack()
    const backends = await ten(stack)
    const [sick] = backends
    await beside(
      'h1',
      backends,
      slow,
      { loadBalancing: { type: 'PeakEWMA' } },
      async (portcullis, neighbour) => {
        // As long as one of two has not answered, nobody knows which is sooner.
        while (backends.some(({ met }) => met === 0))
          assert.equal(await outcomeOf(portcullis, neighbour), 'ok')
        const before = sick.met
        for (let i = 0; i < REQUESTS; i++) assert.equal(await outcomeOf(portcullis, neighbour), 'ok')
        const met = sick.met - before
        assert.ok(met <= 1, `it has met ${met}, in turn it would be ${REQUESTS / 10}`)
      },
    )
  })
})
