/**
 * What seeing it costs: nanoseconds per request for one access record and the
 * counters, gauges and histograms of one proxied request, as the proxy uses
 * them. `node bench/micro/telemetry.ts [rounds]`; the bound is 1500 ns.
 *
 * Each round cuts the record's strings freshly out of a head, as the codec
 * does, because a string that was seen before is cheaper to look up and to
 * write; the cutting alone is measured first and taken off.
 */
import { setImmediate } from 'node:timers/promises'
import { AccessLog } from '../../src/telemetry/access-log.ts'
import { AccessRecord } from '../../src/telemetry/access-record.ts'
import { FileSink } from '../../src/telemetry/access-sink.ts'
import { Instruments } from '../../src/telemetry/instruments.ts'
import { MetricsReader } from '../../src/telemetry/metrics-reader.ts'
import { MetricsWriter } from '../../src/telemetry/metrics.ts'

// Requests per turn of the event loop: as many as there are busy connections.
const BATCH = 64
const BATCHES = 200
const rounds = Number(process.argv[2] ?? 60)

const reader = new MetricsReader()
reader.attach(1)
const instruments = new Instruments(new MetricsWriter(undefined, series => reader.announce(1, series)))
const route = instruments.routes.get('httproute/default/items/0')
const cluster = instruments.clusters.get('Backend/default/items')
const access = new AccessLog(new FileSink('/dev/null'), {
  onDropped: instruments.accessLogDropped,
  // More than is ever behind here: a line that is dropped is cheaper, and would flatter the result.
  bufferBytes: 1 << 25,
})
const record = new AccessRecord()

const AGENT =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36'
const heads = Array.from({ length: 64 }, (_, i) =>
  Buffer.from(
    `GET /api/items/${1000 + i}/reviews HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: ${AGENT}\r\n\r\n`,
  ),
)
const DURATIONS = Array.from({ length: 64 }, (_, i) => 0.8 + i * 0.061)

interface Cut {
  path: string
  host: string
  agent: string
}

function cut(i: number): Cut {
  const head = heads[i & 63]!.toString('latin1')
  const host = head.indexOf('Host: ') + 6
  const agent = head.indexOf('User-Agent: ') + 12
  return {
    path: head.slice(4, head.indexOf(' ', 4)),
    host: head.slice(host, head.indexOf('\r', host)),
    agent: head.slice(agent, head.indexOf('\r', agent)),
  }
}

function fill({ path, host, agent }: Cut, durationMs: number, i: number): void {
  record.reset()
  record.method = 'GET'
  record.path = path
  record.status = 200
  record.clientAddress = '203.0.113.17'
  record.serverAddress = host
  record.serverPort = 8080
  record.route = 'httproute/default/items/0'
  record.userAgent = agent
  record.responseBodyBytes = 200 + (i & 7)
  record.durationMs = durationMs
  record.exchangeId = '0192f3c4-5d6e-7f80-9a1b-2c3d4e5f6071'
  record.listener = 'default/gateway/http'
  record.cluster = 'Backend/default/items'
  record.endpoint = '127.0.0.1:9000'
  record.attempts = 1
  record.upstreamMs = durationMs - 0.2
}

function count(durationMs: number): void {
  instruments.requestsActive.add(1)
  cluster.answered(200, (durationMs - 0.2) / 1e3)
  route.finished(200, durationMs / 1e3)
  instruments.bytesIn.add(0)
  instruments.bytesOut.add(200)
  instruments.requestsActive.add(-1)
}

let seen = 0
const cases: readonly (readonly [string, (i: number) => void])[] = [
  ['cutting strings (taken off below)', i => void (seen += cut(i).path.length)],
  [
    'metrics',
    i => {
      seen += cut(i).path.length
      count(DURATIONS[i & 63]!)
    },
  ],
  [
    'access log',
    i => {
      fill(cut(i), DURATIONS[i & 63]!, i)
      access.write(record)
    },
  ],
  [
    'both, with two clock readings',
    i => {
      const began = performance.now()
      count(DURATIONS[i & 63]!)
      fill(cut(i), DURATIONS[i & 63]!, i)
      access.write(record)
      seen += performance.now() - began
    },
  ],
]

/** CPU time of the whole process, so that the writes of libuv's threads count too. */
function cpuNs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) * 1e3
}

async function measure(run: (i: number) => void): Promise<number> {
  let spent = 0
  for (let b = 0; b < BATCHES; b++) {
    const began = cpuNs()
    for (let i = 0; i < BATCH; i++) run(b * BATCH + i)
    spent += cpuNs() - began
    // The turn in which writes finish; its cost belongs to the log.
    const turn = cpuNs()
    await setImmediate()
    spent += cpuNs() - turn
  }
  return spent / (BATCH * BATCHES)
}

function quantile(values: number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * share)]!
}

const results = cases.map((): number[] => [])
// The first rounds warm up. Cases take turns, so that a noisy second hits all of them.
for (let round = -10; round < rounds; round++)
  for (const [n, [, run]] of cases.entries()) {
    const ns = await measure(run)
    if (round >= 0) results[n]!.push(ns)
  }

// The lowest tenth is what the code costs; the median, what it cost beside whatever else ran.
console.log(`${'ns/request'.padEnd(36)} lowest tenth   median`)
for (const [n, [name]] of cases.entries()) {
  const [low, middle] = [0.1, 0.5].map(
    share => quantile(results[n]!, share) - (n === 0 ? 0 : quantile(results[0]!, share)),
  )
  console.log(`${name.padEnd(36)} ${low!.toFixed(0).padStart(12)} ${middle!.toFixed(0).padStart(8)}`)
}
console.log(`lines dropped: ${access.dropped}; ${seen > 0 ? 'done' : ''}`)
await access.close()
