import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { ClusterFigures, Figures, RouteFigures } from '../../admin/shapes/figures.ts'
import { painter } from '../../telemetry/colour.ts'
import { topText } from './text.ts'

const traffic = {
  requestsPerS: 1234.5,
  errorsPerS: 1.23,
  clientErrorsPerS: 0,
  p50Ms: 2.1,
  p90Ms: 8,
  p99Ms: 1200,
}

const route = (id: string, requestsPerS = 10): RouteFigures => ({
  ...traffic,
  id,
  requestsPerS,
  errorsPerS: 0,
})

const cluster = (name: string, serving = 2): ClusterFigures => ({
  ...traffic,
  name,
  errorsPerS: 0,
  retriesPerS: 0,
  connectFailuresPerS: 0,
  ejectionsPerS: 0,
  endpoints: 2,
  serving,
  connectionsActive: 3,
  connectionsIdle: 5,
  pending: 0,
})

const figures: Figures = {
  at: '2026-11-02T12:00:01.000Z',
  intervalS: 1,
  snapshot: 7,
  problems: { errors: 1, warnings: 2, notes: 5 },
  held: 0,
  totals: {
    ...traffic,
    rejectedPerS: 0,
    bytesInPerS: 12,
    bytesOutPerS: 3_400_000,
    active: 4,
    connections: 240,
  },
  routes: [route('httproute/default/items/0'), route(`httproute/default/${'long'.repeat(20)}/0`, 1)],
  routesWithTraffic: 2,
  clusters: [cluster('Backend/default/well'), cluster('Backend/default/ill', 1)],
  ports: [],
  process: { cpu: 0.341, rssBytes: 120_000_000, workers: 2 },
}

const room = { columns: 104, rows: 24 }

suite('top', () => {
  test('is a screen of what goes on', () => {
    assert.equal(
      topText(figures, room, painter(false)),
      `\
requests 1,235/s   5xx <0.1 %   4xx 0 %   p50 2.1 ms   p90 8 ms   p99 1.2 s
in 12 B/s   out 3.4 MB/s   in flight 4   connections 240   refused 0/s
12:00:01   last 1 s   2 workers   cpu 34 %   memory 120 MB   snapshot 7   2 routes with requests
1 error, 2 warnings: see portcullis status

ROUTE                                                                 REQ/S    5XX    4XX     P50    P99
httproute/default/items/0                                                10    0 %    0 %  2.1 ms  1.2 s
…glonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglong/0      1    0 %    0 %  2.1 ms  1.2 s

CLUSTER                 REQ/S    5XX    4XX     P50    P99  SERVING  WAITING  FAIL/S  RETRY/S  BUSY+IDLE
Backend/default/ill     1,235    0 %    0 %  2.1 ms  1.2 s      1/2        0       0        0        3+5
Backend/default/well    1,235    0 %    0 %  2.1 ms  1.2 s      2/2        0       0        0        3+5`,
    )
  })

  test('every line fits, and so do all of them', () => {
    const many = {
      ...figures,
      routes: Array.from({ length: 50 }, (_, i) => route(`httproute/default/r${i}/0`)),
      clusters: Array.from({ length: 50 }, (_, i) => cluster(`Backend/default/b${i}`)),
    }
    for (const rows of [8, 24, 60]) {
      const lines = topText(many, { columns: 120, rows }, painter(false)).split('\n')
      assert.ok(lines.length <= rows)
      for (const line of lines) assert.ok(line.length <= 120, line)
    }
  })

  test('a cluster of which an endpoint is out stands first, in red', () => {
    const lines = topText(figures, room, painter(true)).split('\n')
    const at = lines.findIndex(line => line.includes('CLUSTER'))
    assert.match(lines[at + 1]!, /^Backend\/default\/ill .*\x1b\[31m +1\/2\x1b\[0m/)
    assert.match(lines[at + 2]!, /^Backend\/default\/well .* 2\/2/)
  })
})
