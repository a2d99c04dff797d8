import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

import { pathOf } from './cases.ts'
import type { Case } from './cases.ts'
import { loadCore } from './process.ts'

/** What wrk saw. Latencies in microseconds. */
export interface Load {
  readonly requests: number
  readonly seconds: number
  readonly p50: number
  readonly p99: number
  /** Connections that failed, timeouts, and answers that were not 2xx or 3xx. */
  readonly errors: number
}

/** The Lua script by which wrk sends this case's requests and reports in JSON. */
export function writeScript(given: Case, dir: string): string {
  const file = join(dir, 'load.lua')
  const paths = Array.from({ length: Math.min(given.routes, 1000) }, (_, i) =>
    // Spread over the whole table, not over its beginning.
    pathOf(given, Math.floor((i * given.routes) / Math.min(given.routes, 1000))),
  )
  writeFileSync(file, lua(given, paths))
  return file
}

function lua(given: Case, paths: readonly string[]): string {
  const method = given.bodyBytes === 0 ? 'GET' : 'POST'
  const body = given.bodyBytes === 0 ? 'nil' : `string.rep("b", ${given.bodyBytes})`
  return `
local requests, next = {}, 0
-- wrk gives every thread its own state; the text of each request is made once.
function init()
  local headers = { ["Host"] = "bench.example", ["User-Agent"] = "wrk", ["X-Bench-Secret"] = "1" }
  local body = ${body}
  for path in ("${paths.join(' ')}"):gmatch("%S+") do
    requests[#requests + 1] = wrk.format("${method}", path, headers, body)
  end
end
function request()
  next = next % #requests + 1
  return requests[next]
end
function done(summary, latency)
  local e = summary.errors
  io.write(string.format('RESULT {"requests":%d,"seconds":%f,"p50":%d,"p99":%d,"errors":%d}\\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50), latency:percentile(99),
    e.connect + e.read + e.write + e.status + e.timeout))
end
`
}

/** Runs wrk with one thread on the load's core. */
export async function load(
  wrk: string,
  given: Case,
  script: string,
  port: number,
  seconds: number,
): Promise<Load> {
  const args = ['-t1', `-c${given.connections}`, `-d${seconds}s`, '--timeout', '10s', '-s', script]
  const child = spawn('taskset', ['-c', String(loadCore), wrk, ...args, `http://127.0.0.1:${port}`], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exit = once(child, 'exit')
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr), exit])
  return readResult(output, errors)
}

/** The RESULT line of the script above. Throws with wrk's output when there is none. */
export function readResult(output: string, errors: string): Load {
  const line = /^RESULT (\{.*\})$/m.exec(output)?.[1]
  const result: unknown = line === undefined ? null : JSON.parse(line)
  if (!isLoad(result)) throw new Error(`wrk gave no result:\n${output}${errors}`)
  return result
}

function isLoad(value: unknown): value is Load {
  if (typeof value !== 'object' || value === null) return false
  return ['requests', 'seconds', 'p50', 'p99', 'errors'].every(
    key => typeof Reflect.get(value, key) === 'number',
  )
}
