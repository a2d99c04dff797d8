import assert from 'node:assert/strict'
import { mock, suite, test } from 'node:test'
import { requestHead } from '../../test/support/head.ts'
import { noSteps } from '../filters/compile.ts'
import type { FailureName } from '../http/failures.ts'
import { localHead } from '../http/local.ts'
import type { Cluster } from '../upstream/cluster.ts'
import type { UpstreamPool } from '../upstream/pool.ts'
import { RequestBody } from './body.ts'
import { Forwarding } from './forward.ts'
import type { RunHost } from './run.ts'

const TIMEOUT_MS = 100
const STEP_MS = 10

/** A request whose backend has told a length and sends nothing more, by a clock of its own; what its endpoint is blamed for. */
function stopped(then: (forwarding: Forwarding, pass: (ms: number) => void) => void): readonly FailureName[] {
  let nowMs = 1_000
  const blamed: FailureName[] = []
  mock.timers.enable({ apis: ['setTimeout'] })
  mock.method(performance, 'now', () => nowMs)
  try {
    const stream = {
      connecting: false,
      send() {},
      flush: () => true,
      end() {},
      abort() {},
      pause() {},
      resume() {},
    }
    const endpoint = {
      pool: { acquire: () => stream },
      begin() {},
      finish() {},
      answered() {},
      broke: (failure: FailureName) => blamed.push(failure),
    }
    const cluster = {
      pick: () => endpoint,
      retries: { requests: 0 },
      config: {},
      breaker: null,
      hedging: null,
      concurrency: null,
    } as unknown as Cluster<UpstreamPool>
    const x = {
      request: requestHead({}),
      body: new RequestBody(true),
      startedMs: nowMs,
      untilMs: Infinity,
      failure: null as FailureName | null,
      span: null,
      resumeRequest() {},
      sendHead() {},
      tell: () => ({ clientPaused() {}, clientResumed() {} }),
      flush: () => false,
      fail: (failure: FailureName) => {
        x.failure = failure
        forwarding.cancel()
      },
    }
    const forwarding = new Forwarding(x as unknown as RunHost, {
      backends: [{ weight: 1, failure: 'destination_not_found', cluster, metrics: null, steps: noSteps }],
      totalWeight: 1,
      mirrors: null,
      requestTimeoutMs: TIMEOUT_MS,
      backendTimeoutMs: 0,
      sessions: null,
      retry: null,
    })
    forwarding.arm()
    forwarding.choose()
    forwarding.start()
    forwarding.onHead({ ...localHead(200, [], 2000), hasLength: true })
    const pass = (ms: number): void => {
      for (let i = 0; i < ms; i += STEP_MS) {
        nowMs += STEP_MS
        mock.timers.tick(STEP_MS)
      }
    }
    then(forwarding, pass)
    pass(TIMEOUT_MS)
    assert.equal(x.failure, 'http_response_timeout')
    return blamed
  } finally {
    mock.reset()
  }
}

suite('an endpoint that has told a length and sends no more', () => {
  const hung = ['http_response_timeout']
  for (const [what, then, expected] of [
    ['is to blame where all of it was taken', () => {}, hung],
    ['is not where the client takes nothing', (one: Forwarding) => void one.onFlush(), []],
    ['nor where a filter is waited for', (one: Forwarding) => one.pause(), []],
    [
      'nor where that took most of the time',
      (one: Forwarding, pass: (ms: number) => void) => {
        one.pause()
        pass(0.8 * TIMEOUT_MS)
        one.resume()
      },
      [],
    ],
    [
      'is again where it was waited for a little',
      (one: Forwarding, pass: (ms: number) => void) => {
        one.pause()
        pass(0.1 * TIMEOUT_MS)
        one.resume()
      },
      hung,
    ],
  ] as const)
    test(what, () => assert.deepEqual(stopped(then), expected))
})
