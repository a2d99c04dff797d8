import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Logger } from '../../src/telemetry/log.ts'
import { send } from '../support/client.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { backendPolicy } from '../support/policies.ts'
import { backend, gateway, httpRoute, prefix, to, yamlOf } from '../support/resources.ts'
import { Seen } from '../support/until.ts'
import { TestUpstream } from '../support/upstream.ts'

/** Backend `up`, all of whose answers are 503, and beside it a neighbour who is well. */
async function storm(policy: object | null, run: (storm: Storm) => Promise<void>): Promise<void> {
  let arrived = 0
  await using sick = await TestUpstream.start((_, response) => {
    arrived++
    response.statusCode = 503
    response.end('sick')
  })
  await using well = await TestUpstream.start((_, response) => void response.end('well'))
  const written = new Seen<string>()
  const retry = { codes: [503], attempts: 3, backoff: '1ms' }
  await using portcullis = await startGateway(
    yamlOf(
      gateway(),
      httpRoute('all', {
        rules: [
          { matches: [prefix('/well')], backendRefs: [to('well')] },
          { backendRefs: [to('up')], retry },
        ],
      }),
      backend('up', [sick.port]),
      backend('well', [well.port]),
      ...(policy === null ? [] : [backendPolicy(policy)]),
    ),
    { log: new Logger({ write: text => written.push(text) }) },
  )
  await run({ portcullis, written, arrived: () => arrived })
}

interface Storm {
  readonly portcullis: TestGateway
  /** What the log has. */
  readonly written: Seen<string>
  /** Requests that the sick backend has had. */
  readonly arrived: () => number
}

const refused = (portcullis: TestGateway): number =>
  Number(
    /portcullis_upstream_retries_refused_total\{cluster="Backend\/default\/up"\} (\d+)/.exec(
      portcullis.metrics(),
    )?.[1] ?? 0,
  )

suite('a backend that fails every request', () => {
  test('gets a hundred retries in ten seconds, no more than twenty in one, not three for each request', () =>
    storm(null, async ({ portcullis, arrived }) => {
      const answers = []
      for (let i = 0; i < 100; i++) answers.push(await send(portcullis.port()))
      assert.deepEqual(new Set(answers.map(({ status, body }) => `${status} ${body}`)), new Set(['503 sick']))
      // A slow machine may need more than one interval for them.
      const retries = arrived() - 100
      assert.ok(retries >= 10 && retries < 100, `${retries} retries`)
      assert.ok(refused(portcullis) > 0)
      assert.equal((await send(portcullis.port(), { path: '/well' })).body, 'well')
    }))

  test('gets none for some minutes where its policy allows one', () =>
    storm(
      { retryBudget: { percent: 0, interval: '10m', minRetries: { count: 1, interval: '10m' } } },
      async ({ portcullis, arrived }) => {
        for (let i = 0; i < 5; i++) assert.equal((await send(portcullis.port())).status, 503)
        assert.equal(arrived(), 6)
        // The retry of the first request had none left for a second one, nor has any request after it.
        assert.equal(refused(portcullis), 5)
      },
    ))

  test('gets all that the route asks for where the policy allows that', () =>
    storm(
      { retryBudget: { minRetries: { count: 1000, interval: '10s' } } },
      async ({ portcullis, arrived }) => {
        for (let i = 0; i < 20; i++) assert.equal((await send(portcullis.port())).status, 503)
        assert.equal(arrived(), 80)
        assert.equal(refused(portcullis), 0)
      },
    ))

  test('has each refusal told to the log, by the name of the cluster', () =>
    storm(
      { retryBudget: { percent: 0, interval: '10m', minRetries: { count: 1, interval: '10m' } } },
      async ({ portcullis, written }) => {
        await send(portcullis.port())
        const line = await written.first(text => text.includes('retry.budget_spent'))
        assert.match(line, /Backend\/default\/up/)
      },
    ))
})

test('another connection, where none could be made, asks for nothing of the budget', async () => {
  await using up = await TestUpstream.start((_, response) => void response.end('ok'))
  const closed = await TestUpstream.start()
  const { port } = closed
  await closed[Symbol.asyncDispose]()
  await using portcullis = await startGateway(
    yamlOf(
      gateway(),
      httpRoute('all', { rules: [{ backendRefs: [to('up')], retry: { attempts: 2, backoff: '1ms' } }] }),
      backend('up', [port, up.port]),
      backendPolicy({
        retryBudget: { percent: 0, minRetries: { count: 1, interval: '10m' }, interval: '10m' },
        outlierDetection: { maxEjectedPercent: 0 },
      }),
    ),
  )
  for (let i = 0; i < 20; i++) assert.equal((await send(portcullis.port())).body, 'ok')
  assert.equal(refused(portcullis), 0)
})
