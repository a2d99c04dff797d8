import type { RequestLine } from '../../admin/shapes/requests.ts'
import type { Colour, Paint } from '../../telemetry/colour.ts'

const TARGET_COLUMNS = 40

/** By the first digit of a status; the first is of what has none. */
const STATUS_COLOURS: readonly Colour[] = ['odd', 'note', 'good', 'note', 'warning', 'error']

/**
 * One request for a person at a terminal, in local time, as the access log has it there:
 * `12:03:04 GET    shop.example/cart?x=1   200  3.2 ms  httproute/default/shop/0 → 127.0.0.1:9000`.
 */
export function lineText(line: RequestLine, paint: Paint): string {
  const { at, method, status, durationMs, slow } = line
  const words = [
    paint('dim', new Date(at).toTimeString().slice(0, 8)),
    printable(method ?? '').padEnd(6),
    targetOf(line).padEnd(TARGET_COLUMNS),
    paint(STATUS_COLOURS[Math.floor((status ?? 0) / 100)] ?? 'dim', status === null ? '---' : String(status)),
    paint(slow ? 'warning' : 'dim', durationText(durationMs).padStart(7)),
  ]
  return `${words.join(' ')}${paint('dim', wayOf(line))}${paint('error', whyOf(line))}`
}

function targetOf({ method, host, path, query, client }: RequestLine): string {
  const target = printable(`${host ?? ''}${path ?? ''}${query ?? ''}`)
  return method === null ? `${target}${target === '' ? '' : ' '}from ${printable(client ?? '')}` : target
}

function wayOf({ route, endpoint, attempts }: RequestLine): string {
  const to = endpoint === null ? '' : ` → ${endpoint}`
  return route === null ? '' : `  ${route}${to}${attempts > 1 ? ` (${attempts} attempts)` : ''}`
}

function whyOf({ failure, failureReason, rejection, grpcStatus, id }: RequestLine): string {
  const words = [failure, failureReason, rejection].filter(word => word !== null)
  const grpc = grpcStatus === null || grpcStatus === 0 ? '' : `  grpc-status ${grpcStatus}`
  if (words.length === 0) return grpc
  return `  ${printable(words.join(': '))}${grpc}${id === null ? '' : `  [${printable(id)}]`}`
}

export function durationText(ms: number): string {
  if (ms < 10) return `${ms.toFixed(1)} ms`
  return ms < 1_000 ? `${ms.toFixed(0)} ms` : `${(ms / 1_000).toFixed(1)} s`
}

/** What clients chose moves no cursor of a terminal, and rings no bell. */
export function printable(text: string): string {
  return text.replace(
    /[\u0000-\u001f\u007f-\u009f]/g,
    character => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
}
