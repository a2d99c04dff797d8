import assert from 'node:assert/strict'
import { mock, suite, test } from 'node:test'
import { noSteps, type RequestStep, type ResponseStep } from '../filters/compile.ts'
import type { RequestHead, ResponseHead } from '../http/head.ts'
import { Rejection } from '../http/failures.ts'
import { Instruments } from '../telemetry/instruments.ts'
import { MetricsWriter } from '../telemetry/metrics.ts'
import { requestHead } from '../../test/support/head.ts'
import { snapshotOf } from '../../test/support/gateway.ts'
import { plain } from '../../test/support/policies.ts'
import { rule } from '../../test/support/routes.ts'
import { ClientShares } from './client-shares.ts'
import type { Downstream } from './downstream.ts'
import { ProxiedExchange } from './proxied-exchange.ts'
import { Forwarding } from './forward.ts'
import { HeldBodies } from './held-bodies.ts'
import { compileMethods } from './methods.ts'
import { Observer } from './observe.ts'
import { Overload } from './overload.ts'
import type { CompiledRule } from './rule.ts'

/** A client that writes down what it is told. */
class Told implements Downstream {
  readonly statuses: number[] = []
  ends = 0
  clear = true
  head({ status }: ResponseHead): void {
    this.statuses.push(status)
  }
  end(): void {
    this.ends++
  }
  flush(): boolean {
    return true
  }
  informational(): void {}
  data(): void {}
  abort(): void {}
  refuse(): boolean {
    return false
  }
  pause(): void {}
  resume(): void {}
  continue(): void {}
  upgrade(): void {}
  endTunnel(): void {}
}

/** An exchange whose backend is missing, and whose backend's filters have this step for responses. */
function exchangeOf(
  step: ResponseStep,
  head: RequestHead,
  rest: { readonly filter?: RequestStep; readonly requestTimeoutMs?: number } = {},
): { x: ProxiedExchange; told: Told; observer: Observer } {
  const instruments = new Instruments(new MetricsWriter(undefined, () => {}))
  const observer = new Observer({ instruments, accessLog: null })
  const steps = { ...noSteps, response: [step] }
  const compiled: CompiledRule = {
    rule: rule('r'),
    steps: { ...noSteps, request: rest.filter === undefined ? null : [rest.filter] },
    metrics: observer.route('r'),
    filters: [],
    asks: true,
    clusters: [],
    enter: null,
    ranking: null,
    action: {
      begin(host) {
        const run = new Forwarding(host, {
          backends: [{ weight: 1, cluster: null, failure: 'destination_not_found', metrics: null, steps }],
          totalWeight: 1,
          mirrors: null,
          requestTimeoutMs: rest.requestTimeoutMs ?? 0,
          backendTimeoutMs: 0,
          sessions: null,
          retry: null,
        })
        run.arm()
        return run
      },
    },
  }
  const [port] = snapshotOf(plain(1)).ports
  const entry = {
    match: { path: { type: 'prefix', value: '' }, method: '', headers: [], query: [] },
    rule: rule('r'),
  } as const
  const router = { route: () => ({ listener: 'l', hostname: '', entry, rule: compiled }) }
  const told = new Told()
  const methods = compileMethods(port!.client.methods)
  const shares = new ClientShares(port!.client)
  const runtime = {
    port: port!,
    router,
    tls: null,
    shares,
    observer,
    overload: new Overload(),
    methods,
    filters: null,
    spans: null,
    stream: null,
    held: new HeldBodies(),
    errorHead: () => null,
  }
  return { x: new ProxiedExchange(told, runtime, head, 'id', '192.0.2.1', 80), told, observer }
}

suite('response steps of a backend that fail', () => {
  for (const [name, step] of [
    [
      'at once',
      () => {
        throw new Error('no')
      },
    ],
    ['later', () => Promise.reject(new Error('no'))],
  ] as const)
    test(`${name}: the client gets one answer, 500`, async () => {
      let runs = 0
      const { x, told, observer } = exchangeOf(y => {
        // Without an end this would be a stack overflow, caught again and again on its way up.
        if (++runs > 5) return
        return (step as ResponseStep)(y)
      }, requestHead({}))
      x.begin()
      await Promise.resolve()
      await Promise.resolve()
      assert.deepEqual([runs, told.statuses, told.ends], [1, [500], 1])
      assert.equal(observer.active, 0)
    })

  test('a broken body while the step is waited for ends the exchange once', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const { x, told, observer } = exchangeOf(() => promise, requestHead({ length: 10 }))
    x.begin()
    x.onRejection(new Rejection(400, 'chunk-size', 'a chunk'))
    resolve()
    for (let i = 0; i < 5; i++) await Promise.resolve()
    assert.equal(told.statuses.length, 1)
    assert.equal(told.ends, 1)
    assert.equal(observer.active, 0)
  })
})

test('the time of a route runs from the head on, while its filters are waited for', async () => {
  mock.timers.enable({ apis: ['setTimeout'] })
  try {
    const { promise, resolve } = Promise.withResolvers<undefined>()
    const { x, told, observer } = exchangeOf(() => {}, requestHead({}), {
      filter: () => promise,
      requestTimeoutMs: 100,
    })
    x.begin()
    mock.timers.tick(99)
    assert.deepEqual(told.statuses, [])
    mock.timers.tick(1)
    assert.deepEqual(told.statuses, [504])
    assert.deepEqual([x.failure, x.failureDetail], ['http_response_timeout', 'timeouts.request'])
    resolve(undefined)
    await Promise.resolve()
    assert.deepEqual([told.statuses, told.ends, observer.active], [[504], 1, 0])
  } finally {
    mock.timers.reset()
  }
})
