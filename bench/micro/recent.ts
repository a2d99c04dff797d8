/**
 * What it costs to write down a request, in CPU time of this thread: `node bench/micro/recent.ts [rounds]`. The cases are
 * the usual request, one with a query to be redacted, one that is kept beside (a 404 of a scanner), and one with a story.
 * Numbers of one run are in docs/adr/0038.
 */
import { setTimeout } from 'node:timers/promises'
import { AccessRecord } from '../../src/telemetry/access-record.ts'
import type { RecentFilter } from '../../src/telemetry/recent/recent-filter.ts'
import { RecentMemories } from '../../src/telemetry/recent/recent-memories.ts'
import { RecentReader } from '../../src/telemetry/recent/recent-reader.ts'
import { RecentWriter } from '../../src/telemetry/recent/recent-writer.ts'
import { Slowness } from '../../src/telemetry/recent/slowness.ts'
import { Story } from '../../src/telemetry/recent/story.ts'

const ROUNDS = Number(process.argv[2] ?? 40)
const BATCH = 30_000
const AGENT =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36'

/** As a codec has them: what is written was just cut out of a head. */
const heads = Array.from({ length: 64 }, (_, i) =>
  Buffer.from(
    `GET /api/items/${1000 + i}/reviews?page=${i}&token=x HTTP/1.1\r\nUser-Agent: ${AGENT}\r\n\r\n`,
  ),
)
const prefix = '0192f3c45d6e7f809a1b2c3d'
const record = new AccessRecord()
const memories = new RecentMemories(1)
const writer = new RecentWriter(memories.take(), 1)
const slowness = new Slowness()
const story = new Story()
story.connectMs = 1.5
story.tried({
  endpoint: '10.0.0.1:9000',
  sentAfterMs: 0.1,
  endedAfterMs: 2.2,
  status: 0,
  failure: 'connection_refused',
  reason: 'ECONNREFUSED',
})

interface Cut {
  readonly path: string
  readonly query: string
  readonly agent: string
  readonly id: string
}

function cut(i: number): Cut {
  const head = heads[i & 63]!.toString('latin1')
  const mark = head.indexOf('?')
  return {
    path: head.slice(4, mark),
    query: head.slice(mark, head.indexOf(' ', mark)),
    agent: head.slice(head.indexOf('User-Agent: ') + 12, head.length - 4),
    id: prefix + (i + 0x1_0000_0000).toString(16).slice(1),
  }
}

function fill(head: Cut, query: boolean, nowMs: number): void {
  record.method = 'GET'
  record.path = head.path
  record.query = query ? head.query : ''
  record.status = 200
  record.clientAddress = '203.0.113.17'
  record.serverAddress = 'shop.example'
  record.serverPort = 8080
  record.route = 'httproute/default/items/0'
  record.userAgent = head.agent
  record.responseBodyBytes = 200
  record.durationMs = 0.8 + (head.path.length & 3)
  record.exchangeId = head.id
  record.listener = 'default/gateway/http'
  record.cluster = 'Backend/default/items'
  record.endpoint = '127.0.0.1:9000'
  record.attempts = 1
  record.upstreamMs = 0.6
  record.snapshot = 3
  record.sentAfterMs = 0.1
  record.slow = slowness.isSlow(record.durationMs, nowMs)
}

let seen = 0
const cases: readonly (readonly [string, (i: number) => void])[] = [
  ['cutting strings (taken off below)', i => void (seen += cut(i).path.length)],
  [
    'a request',
    i => {
      fill(cut(i), false, i)
      writer.write(record, i)
    },
  ],
  [
    'with a query of two parameters, one of them secret',
    i => {
      fill(cut(i), true, i)
      writer.write(record, i)
    },
  ],
  [
    'a 404, which is kept beside',
    i => {
      fill(cut(i), false, i)
      record.status = 404
      record.failure = 'route_not_found'
      record.route = ''
      writer.write(record, i)
      record.failure = ''
    },
  ],
  [
    'a second attempt, with its story',
    i => {
      fill(cut(i), false, i)
      record.attempts = 2
      record.story = story
      writer.write(record, i)
      record.story = null
    },
  ],
]

function cpuNs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) * 1e3
}

const results = cases.map((): number[] => [])
// The first rounds warm up. Cases take turns, so that a noisy second hits all of them.
for (let round = -10; round < ROUNDS; round++)
  for (const [n, [, run]] of cases.entries()) {
    const began = cpuNs()
    for (let i = 0; i < BATCH; i++) run(i)
    if (round >= 0) results[n]!.push((cpuNs() - began) / BATCH)
  }

/** The lowest tenth is what the code costs; the median, what it cost beside whatever else ran. */
function quantile(n: number, share: number): number {
  const values = results[n]!.toSorted((a, b) => a - b)
  return values[Math.floor(values.length * share)]!
}

console.log(`${'ns/request'.padEnd(52)} lowest tenth   median`)
for (const [n, [name]] of cases.entries()) {
  const [low = 0, middle = 0] = [0.1, 0.5].map(
    share => quantile(n, share) - (n === 0 ? 0 : quantile(0, share)),
  )
  console.log(`${name.padEnd(52)} ${low.toFixed(0).padStart(12)} ${middle.toFixed(0).padStart(8)}`)
}

// What reading costs the main thread, when all that is kept has been written to.
const reader = new RecentReader(memories)
/** CPU time of three seconds in which 10,000 requests a second are written. */
async function writing(): Promise<number> {
  const from = cpuNs()
  const timer = setInterval(() => {
    for (let i = 0; i < 100; i++) {
      fill(cut(i), false, i)
      writer.write(record, i)
    }
  }, 10)
  await setTimeout(3_000)
  clearInterval(timer)
  return (cpuNs() - from) / 1e6
}
const follow = (filter: RecentFilter): (() => void) =>
  reader.tail({ filter, onRecords: records => (seen += records.length), onLost: count => (seen += count) })
const alone = await writing()
for (const [what, filter] of [
  ['all of', {}],
  ['one route of', { route: 'httproute/default/items/0' }],
] as const) {
  const leave = follow(filter)
  const ms = ((await writing()) - alone) / 3
  leave()
  console.log(`to follow ${what} 10,000 requests a second: ${ms.toFixed(1)} ms a second`)
}
for (const [what, read] of [
  ['a list of the newest 100', () => reader.list({}, 100)],
  ['a list of 100 errors', () => reader.list({ keep: 'errors' }, 100)],
  ['a list of what is not there', () => reader.list({ route: 'none' }, 100)],
  ['to find one by its id', () => reader.find(`${prefix}00000007`)],
] as const) {
  for (let i = 0; i < 20; i++) read()
  const from = cpuNs()
  for (let i = 0; i < 50; i++) read()
  console.log(`${what}: ${((cpuNs() - from) / 50 / 1e6).toFixed(2)} ms`)
}
console.log(seen > 0 ? 'done' : '')
