import { queryText, type QueryMode } from './access-line.ts'
import type { AccessRecord } from './access-record.ts'
import { painter, type Colour } from './colour.ts'
import { escapeJson } from './json.ts'

const TARGET_COLUMNS = 40
const TARGET_LIMIT = 512
const NAME_LIMIT = 256

/** By the first digit of a status; the first is of a client that left before there was one. */
const STATUS_COLOURS: readonly Colour[] = ['odd', 'note', 'good', 'note', 'warning', 'error']

/** "→" as the bytes of UTF-8: a log's buffer takes one byte for each character. */
const ARROW = '\xe2\x86\x92'

/**
 * One line for a person at a terminal:
 * `12:03:04 GET  shop.example/cart?x=1  200  3.2 ms  httproute/default/shop/0 → 127.0.0.1:9000`, behind it
 * the reason of a failure, and an id by which other logs can be searched. Local time. A connection that was
 * refused before its first request has no method and path. Each character is one byte.
 */
export function accessText(record: AccessRecord, nowMs: number, mode: QueryMode, colour: boolean): string {
  const paint = painter(colour)
  const target = record.method === '' ? connection(record) : requestTarget(record, mode)
  const status = record.method === '' && record.status === 0 ? '   ' : statusText(record.status)
  return (
    paint('dim', clock(nowMs)) +
    ` ${record.method.slice(0, 32).padEnd(6)} ${target.padEnd(TARGET_COLUMNS)} ` +
    paint(STATUS_COLOURS[Math.floor(record.status / 100)] ?? 'dim', status) +
    ` ${durationText(record.durationMs)}${paint('dim', way(record))}${paint('error', reason(record))}\n`
  )
}

function requestTarget(record: AccessRecord, mode: QueryMode): string {
  const query = record.query === '' || mode === 'leave-out' ? '' : `?${queryText(record.query, mode)}`
  return escapeJson(record.serverAddress + record.path, TARGET_LIMIT) + query
}

/** What is spliced, or was refused: the name that its ClientHello asked for, or who it came from. */
function connection(record: AccessRecord): string {
  const from = `from ${escapeJson(record.clientAddress, NAME_LIMIT)}`
  return record.serverAddress === '' ? from : `${escapeJson(record.serverAddress, NAME_LIMIT)} ${from}`
}

function statusText(status: number): string {
  return status === 0 ? '---' : String(status)
}

function way({ route, endpoint, attempts }: AccessRecord): string {
  const to = endpoint === '' ? '' : ` ${ARROW} ${endpoint}`
  const tries = attempts > 1 ? ` (${attempts} attempts)` : ''
  return route === '' ? '' : `  ${escapeJson(route, NAME_LIMIT)}${to}${tries}`
}

function reason(record: AccessRecord): string {
  const why = escapeJson(record.failureReason, NAME_LIMIT)
  // What is known beyond a name stands behind it: of a failure, or of a connection that had no request.
  const known = record.failure === '' ? [record.rejection, why] : [record.failure, why, record.rejection]
  const words = known.filter(word => word !== '')
  const grpc = record.grpcStatus > 0 ? `  grpc-status ${record.grpcStatus}` : ''
  const id = record.failure === '' || record.exchangeId === '' ? '' : `  [${record.exchangeId}]`
  return (words.length === 0 ? '' : `  ${words.join(': ')}`) + grpc + escapeJson(id, NAME_LIMIT)
}

function durationText(ms: number): string {
  const text =
    ms < 10 ? `${ms.toFixed(1)} ms` : ms < 1_000 ? `${ms.toFixed(0)} ms` : `${(ms / 1_000).toFixed(1)} s`
  return text.padStart(7)
}

let lastSecond = -1
let lastClock = ''

function clock(nowMs: number): string {
  const second = Math.floor(nowMs / 1_000)
  if (second !== lastSecond) {
    lastSecond = second
    lastClock = new Date(nowMs).toTimeString().slice(0, 8)
  }
  return lastClock
}
