import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import type { Case } from './cases.ts'
import { outputOf } from './load.ts'
import type { Generator, Load } from './load.ts'

/** Bytes of the message of a gRPC call, as its serialised form. */
const GRPC_BYTES = 32

/** h2load with one thread: HTTP/2 on kept connections, plain by prior knowledge, or TLS. */
export function h2load(program: string, given: Case, dir: string): Generator {
  const log = join(dir, 'h2load.log')
  const args = ['-t1', `-c${given.connections}`, `-m${given.streams}`, '--connection-inactivity-timeout=10s']
  if (given.load === 'grpc') args.push(...grpc(dir))
  return async (port, seconds) => {
    const url = `${given.tls ? 'https' : 'http'}://127.0.0.1:${port}${given.path}`
    const output = await outputOf([program, ...args, `-D${seconds}`, `--log-file=${log}`, url])
    return readH2load(output, readFileSync(log, 'latin1'), seconds)
  }
}

/** A length-prefixed message, not compressed (gRPC over HTTP/2, "Length-Prefixed-Message"). */
function grpc(dir: string): string[] {
  const message = Buffer.alloc(5 + GRPC_BYTES, 'g')
  message[0] = 0
  message.writeUInt32BE(GRPC_BYTES, 1)
  const file = join(dir, 'message.bin')
  writeFileSync(file, message)
  return ['-d', file, '-H', 'content-type: application/grpc', '-H', 'te: trailers']
}

/**
 * From what h2load prints, and its log: lines of start, status and duration in microseconds, tabs between. Throws
 * with what it printed where its sums are not there.
 */
export function readH2load(output: string, log: string, seconds: number): Load {
  const sums = /^requests: .* (\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout$/m.exec(output)
  const statuses = /^status codes: \d+ 2xx, \d+ 3xx, (\d+) 4xx, (\d+) 5xx$/m.exec(output)
  if (sums === null || statuses === null) throw new Error(`h2load gave no result:\n${output}`)
  const [requests = 0, ...failed] = sums.slice(1).map(Number)
  const durations = Float64Array.from(log.trim().split('\n'), line => Number(line.split('\t')[2])).sort()
  const at = (share: number) => durations[Math.floor(share * (durations.length - 1))] ?? 0
  // "Failed" has the answers with other statuses among it.
  const errors = Math.max(total(failed), total(statuses.slice(1).map(Number)))
  return { requests, seconds, p50: at(0.5), p99: at(0.99), errors }
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}
