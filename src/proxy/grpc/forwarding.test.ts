import assert from 'node:assert/strict'
import { mock, suite, test } from 'node:test'
import { requestHead } from '../../../test/support/head.ts'
import type { FailureName } from '../../http/failures.ts'
import type { Cluster } from '../../upstream/cluster.ts'
import type { UpstreamPool } from '../../upstream/pool.ts'
import { localHead } from '../../http/local.ts'
import { RequestBody } from '../body.ts'
import type { RunHost } from '../run.ts'
import type { CompiledForward } from '../rule.ts'
import { noSteps } from '../../filters/compile.ts'
import { GrpcForwarding } from './forwarding.ts'

/** Every request waits for a connection. */
const fullParts = {
  pick: () => ({ pool: { acquire: () => null }, finish: () => {} }),
  queue: { wait: () => true, leave: () => {}, clients: 1 },
  pressure: { waited: () => {} },
  retries: { requests: 0 },
  config: {},
  breaker: null,
  concurrency: null,
  hedging: null,
}
const full = fullParts as unknown as Cluster<UpstreamPool>

test('a deadline of the client that passes says nothing of the endpoint, whatever the clock says by then', () => {
  const broken: string[] = []
  const stream = { connecting: false, send() {}, flush: () => true, end() {}, abort() {} }
  const endpoint = {
    pool: { acquire: () => stream },
    begin() {},
    finish() {},
    broke: (failure: string) => broken.push(failure),
  }
  const cluster = { ...fullParts, pick: () => endpoint } as unknown as Cluster<UpstreamPool>
  mock.timers.enable({ apis: ['setTimeout'] })
  try {
    // A timer takes whole milliseconds; no time passes beside it.
    const { forwarding, failures } = callOf('59999999u', 0, cluster)
    forwarding.arm()
    forwarding.choose()
    forwarding.start()
    mock.timers.tick(60_000)
    assert.deepEqual([failures, broken], [['http_response_timeout'], []])
  } finally {
    mock.timers.reset()
  }
})

test('an answer that breaks off while it is held here is told the breaker once', () => {
  const told: boolean[] = []
  const stream = { connecting: false, fresh: true, send() {}, flush: () => true, end() {}, abort() {} }
  const endpoint = { pool: { acquire: () => stream }, begin() {}, finish() {}, answered() {}, broke() {} }
  const breaker = {
    enteredUs: 0,
    enter: () => null,
    left() {},
    answered: (failed: boolean) => told.push(failed),
  }
  const cluster = { ...fullParts, pick: () => endpoint, breaker } as unknown as Cluster<UpstreamPool>
  const { forwarding, failures } = callOf(null, 0, cluster)
  forwarding.choose()
  forwarding.start()
  forwarding.onHead(localHead(200, [], 2000))
  forwarding.onFailure('connection_terminated', '')
  assert.deepEqual([failures, told], [['connection_terminated'], [false]])
})

/** After how many ms a call with this field is given up, by a rule with this timeout; looked at every 50 ms. */
function givenUpAfter(timeout: string | null, requestTimeoutMs: number): number {
  mock.timers.enable({ apis: ['setTimeout'] })
  try {
    const { forwarding, failures } = callOf(timeout, requestTimeoutMs, full)
    forwarding.arm()
    if (failures.length === 0) forwarding.choose()
    if (failures.length === 0) forwarding.start()
    for (let ms = 0; ms < 10_000; ms += 50) {
      if (failures.length > 0) {
        assert.deepEqual(failures, ['http_response_timeout'])
        return ms
      }
      mock.timers.tick(50)
    }
    return Infinity
  } finally {
    mock.timers.reset()
  }
}

function callOf(timeout: string | null, requestTimeoutMs: number, cluster: Cluster<UpstreamPool>) {
  const failures: FailureName[] = []
  const request = requestHead({ fields: timeout === null ? [] : ['grpc-timeout', timeout] })
  const x = {
    request,
    body: new RequestBody(true),
    share: 'a client',
    clientAddress: '192.0.2.1',
    startedMs: performance.now(),
    untilMs: Infinity,
    failure: null as FailureName | null,
    callStatus: -1,
    committed: false,
    span: null,
    resumeRequest() {},
    sendHead() {},
    tell: () => ({}),
    fail: (failure: FailureName) => {
      failures.push(failure)
      x.failure = failure
      forwarding.cancel()
    },
  }
  const host = x as unknown as RunHost
  const steps = noSteps
  const action: CompiledForward = {
    backends: [{ weight: 1, failure: 'destination_not_found', cluster, metrics: null, steps }],
    totalWeight: 1,
    mirrors: null,
    requestTimeoutMs,
    backendTimeoutMs: 0,
    sessions: null,
    retry: null,
  }
  const forwarding = new GrpcForwarding(host, action)
  return { forwarding, failures }
}

suite('a call is given up after the lesser of its deadline and the timeout of its rule', () => {
  for (const [timeout, requestTimeoutMs, expected] of [
    [null, 0, Infinity],
    ['300m', 0, 300],
    [null, 500, 500],
    ['300m', 500, 300],
    ['2S', 500, 500],
    ['0n', 500, 0],
    // Longer than timers can be.
    ['9999999H', 0, Infinity],
    ['9999999H', 500, 500],
  ] as const)
    test(`grpc-timeout ${String(timeout)} and ${requestTimeoutMs} ms`, () =>
      assert.equal(givenUpAfter(timeout, requestTimeoutMs), expected))
})
