import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newCallRecord } from '../../../composition/calls/call-record.ts'
import type { GatewayRequest, RequestRecord } from '../../../composition/engine/messages.ts'
import { MetricsReader } from '../../../telemetry/metrics-reader.ts'
import { MetricsWriter } from '../../../telemetry/metrics.ts'
import { CallMetrics } from './call-metrics.ts'

const requestOf = (): GatewayRequest => ({ method: 'GET', target: '/', headers: {}, body: null })

const recordOf = (more: Partial<RequestRecord>): RequestRecord => ({
  request: requestOf(),
  route: 'GET /me',
  startedMs: 0,
  endedMs: 20,
  status: 200,
  failure: null,
  method: null,
  partials: [],
  ...more,
})

test('requests and calls are counted by composition, route, backend and outcome', () => {
  const reader = new MetricsReader()
  reader.attach('1')
  const writer = new MetricsWriter(undefined, series => reader.announce('1', series))
  const { observer } = new CallMetrics('default/home', writer.scope())
  const call = (name: string, outcome: string, route: string | null) =>
    observer.ended!({ ...newCallRecord(name, 0, route), endedMs: 3, outcome }, requestOf())
  for (const more of [
    {},
    { partials: ['offer'] },
    { status: 502, partials: ['offer'] },
    { route: null, status: 404 },
  ]) {
    const record = recordOf(more)
    if (record.route !== null)
      call('users GET /users/{id}', record.status === 200 ? 'ok' : 'connection_refused', record.route)
    observer.left!(record)
  }
  call('feed GET /prices', 'cancelled', null)
  writer.flush()
  const lines = reader.render().split('\n')
  const of = (name: string) =>
    lines
      .filter(line => line.startsWith(`portcullis_composition_${name}{`))
      .map(line => line.slice(line.indexOf('{')))
      .toSorted((a, b) => a.localeCompare(b))
  const route = 'composition="default/home",route="GET /me"'
  assert.deepEqual(of('requests_total'), [
    `{${route},code="200"} 2`,
    `{${route},code="502"} 1`,
    '{composition="default/home",route="none",code="404"} 1',
  ])
  assert.deepEqual(of('partial_answers_total'), [`{${route}} 1`])
  assert.deepEqual(of('request_duration_seconds_count'), [
    `{${route}} 3`,
    '{composition="default/home",route="none"} 1',
  ])
  assert.deepEqual(of('calls_total'), [
    `{${route},backend="users",outcome="connection_refused"} 1`,
    `{${route},backend="users",outcome="ok"} 2`,
    '{composition="default/home",route="shared",backend="feed",outcome="cancelled"} 1',
  ])
  assert.deepEqual(of('call_duration_seconds_count'), [
    '{composition="default/home",backend="feed"} 1',
    '{composition="default/home",backend="users"} 3',
  ])
})
