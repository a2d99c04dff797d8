import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { pathOf } from './cases.ts'
import type { Case } from './cases.ts'
import { outputOf, readResult } from './load.ts'
import type { Generator } from './load.ts'

/** Fields that requests have in turn, name and value; none for who shows nothing. */
export type Credentials = readonly (readonly [name: string, value: string])[]

/** wrk with one thread: HTTP/1 on kept connections, plain or TLS. */
export function wrk(program: string, given: Case, dir: string, credentials: Credentials): Generator {
  const script = writeScript(given, dir, credentials)
  return async (port, seconds) => {
    const args = ['-t1', `-c${given.connections}`, `-d${seconds}s`, '--timeout', '10s', '-s', script]
    const url = `${given.tls ? 'https' : 'http'}://127.0.0.1:${port}`
    return readResult(await outputOf([program, ...args, url]))
  }
}

/** The Lua script by which wrk sends this case's requests and reports in JSON. */
function writeScript(given: Case, dir: string, credentials: Credentials): string {
  const file = join(dir, 'load.lua')
  const paths = Array.from({ length: Math.min(given.routes, 1000) }, (_, i) =>
    // Spread over the whole table, not over its beginning.
    pathOf(given, Math.floor((i * given.routes) / Math.min(given.routes, 1000))),
  )
  writeFileSync(file, lua(given, paths, credentials))
  return file
}

function lua(given: Case, paths: readonly string[], credentials: Credentials): string {
  const method = given.bodyBytes === 0 ? 'GET' : 'POST'
  const accepted = given.compressed ? ', ["Accept-Encoding"] = "gzip"' : ''
  const body = given.bodyBytes === 0 ? 'nil' : `string.rep("b", ${given.bodyBytes})`
  const names = credentials.map(([name, value]) => `{ "${name}", "${value}" }`)
  const plain = `requests[#requests + 1] = wrk.format("${method}", path, headers, body)`
  const each = `for _, shown in ipairs({ ${names.join(', ')} }) do headers[shown[1]] = shown[2]; ${plain} end`
  const made = credentials.length === 0 ? plain : each
  return `
local requests, next = {}, 0
-- wrk gives every thread its own state; the text of each request is made once.
function init()
  local headers = { ["Host"] = "bench.example", ["User-Agent"] = "wrk", ["X-Bench-Secret"] = "1"${accepted} }
  local body = ${body}
  for path in ("${paths.join(' ')}"):gmatch("%S+") do
    ${made}
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
