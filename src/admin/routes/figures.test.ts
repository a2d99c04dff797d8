import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { FakeClock } from '../../../test/support/clock.ts'
import { seenIn } from '../../../test/support/seen.ts'
import { Instruments } from '../../telemetry/instruments.ts'
import { MetricsReader } from '../../telemetry/metrics-reader.ts'
import { MetricsWriter } from '../../telemetry/metrics.ts'
import { LiveFigures } from '../figures/figures.ts'
import { AdminListener } from '../listener.ts'
import { AdminPaths } from '../paths.ts'

async function served() {
  const metrics = new MetricsReader()
  metrics.attach(1)
  const writer = new MetricsWriter(undefined, series => metrics.announce(1, series))
  const clock = new FakeClock(Date.UTC(2026, 10, 2, 12))
  const figures = new LiveFigures({
    metrics,
    workers: () => 2,
    file: null,
    calendar: clock,
    nowMs: () => clock.now(),
  })
  const seen = seenIn({ metrics, figures })
  const admin = new AdminListener({ seen, paths: new AdminPaths(), metrics: () => Promise.resolve('') })
  const { port } = await admin.listen('127.0.0.1', 0)
  const pass = (ms: number): void => {
    writer.flush()
    clock.advance(ms)
  }
  const url = `http://127.0.0.1:${port}/v1/figures`
  return {
    instruments: new Instruments(writer),
    pass,
    url,
    clock,
    [Symbol.dispose]: () => admin.close(),
  }
}

suite('/v1/figures', () => {
  test('has what goes on, and what is in force', async () => {
    using gateway = await served()
    for (let i = 0; i < 20; i++) gateway.instruments.routes.get('r').finished(200, 0.001)
    gateway.pass(2000)
    const answer: unknown = await (await fetch(gateway.url)).json()
    assert.partialDeepStrictEqual(answer, {
      totals: { requestsPerS: 10 },
      snapshot: 0,
      problems: { errors: 0, warnings: 0, notes: 0 },
    })
  })

  test('history is of all, or of what has one', async () => {
    using gateway = await served()
    gateway.instruments.routes.get('r').finished(200, 0.001)
    gateway.pass(10_000)
    for (const [query, status, expected] of [
      ['', 200, /"requests":1,/],
      ['?range=day', 200, /"stepS":300,.*"requests":1,/],
      ['?route=r', 200, /"requests":1,.*"bytesIn":null/],
      ['?route=none', 200, /"series":\[\]/],
      ['?range=year', 400, /range/],
      ['?rout=r', 400, /rout/],
    ] as const) {
      const response = await fetch(`${gateway.url}/history${query}`)
      assert.equal(response.status, status, query)
      assert.match(await response.text(), expected, query)
    }
  })

  test('the stream tells who looks on, and nothing is counted for who has gone', async () => {
    using gateway = await served()
    const waiting = gateway.clock.waits.length
    const gone = new AbortController()
    const response = await fetch(`${gateway.url}/stream`, { signal: gone.signal })
    assert.equal(response.headers.get('content-type'), 'text/event-stream')
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
    gateway.instruments.routes.get('r').finished(200, 0.001)
    gateway.pass(1000)
    let text = ''
    while (!text.includes('"requestsPerS"')) text += (await reader.read()).value ?? ''
    assert.match(text, /^event: figures\ndata: \{.*"requestsPerS":1,/m)
    gone.abort()
    while (gateway.clock.waits.length > waiting) await new Promise(setImmediate)
  })
})
