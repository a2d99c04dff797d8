import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { prefixOf, requestFilters, responseFilters } from '../cases.ts'
import { cipherSuite } from '../certificate.ts'
import type { Peer, Setup } from '../peer.ts'

export const haproxy: Peer = {
  name: 'haproxy',
  program: 'haproxy',
  takes: given => !given.compressed,
  version: ['-v'],
  prepare(setup) {
    const file = join(setup.dir, 'haproxy.cfg')
    writeFileSync(file, configuration(setup))
    const run = [setup.program, '-db', '-f', file]
    if (!setup.case.accessLog) return { command: run }
    // It has no access log of its own to a file: lines go to its standard output, which is one.
    const script = `exec "$@" >>'${setup.dir}/access.log'`
    return { command: ['sh', '-c', script, 'sh', ...run] }
  },
}

const MAX_CONNECTIONS = 16_384

function configuration(setup: Setup): string {
  const { routes, headerFilters, accessLog, tls, upstream } = setup.case
  return `
global
  nbthread 1
  maxconn ${MAX_CONNECTIONS}
  # It wants two descriptors for each, which idle clients do not need.
  no strict-limits
${accessLog ? '  log stdout format raw local0' : ''}
defaults
  mode http
  maxconn ${MAX_CONNECTIONS}
  option http-keep-alive
  http-reuse always
  timeout client 75s
  timeout server 75s
  timeout tunnel 75s
  timeout connect 5s
  timeout http-keep-alive 75s
${accessLog ? `  log global\n  log-format '${logLine}'` : ''}
frontend front
  bind 127.0.0.1:${setup.port} ${bindWords(setup)} backlog 4096
  unique-id-format %[uuid]
  unique-id-header X-Request-Id
${accessLog ? '  http-request set-var(txn.host) req.hdr(host)' : ''}
  http-request set-header X-Forwarded-For %[src]
  http-request set-header X-Forwarded-Proto ${tls ? 'https' : 'http'}
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  http-request set-header X-Forwarded-Port %[dst_port]
  http-request add-header Via "1.1 haproxy"
${headerFilters ? filters() : ''}
${routes === 1 ? '  default_backend back' : table(setup)}
backend back
  server one 127.0.0.1:${setup.backendPort} pool-max-conn 256 ${upstream === 'h2c' ? 'proto h2' : ''}
`
}

function bindWords({ case: { tls, protocol }, certificate }: Setup): string {
  if (!tls) return protocol === 'h2' ? 'proto h2' : ''
  const alpn = protocol === 'h2' ? 'h2' : 'http/1.1'
  return `ssl crt ${certificate.bundleFile} alpn ${alpn} ssl-min-ver TLSv1.3 ciphersuites ${cipherSuite}`
}

/** Prefixes are looked up in a map, which is what HAProxy has for many routes; it has no route objects. */
function table(setup: Setup): string {
  const file = join(setup.dir, 'routes.map')
  const lines = Array.from({ length: setup.case.routes }, (_, i) => `${prefixOf(i)} back`)
  writeFileSync(file, `${lines.join('\n')}\n`)
  return `  use_backend %[path,map_beg(${file})]`
}

function filters(): string {
  return [
    ...Object.entries(requestFilters.set).map(
      ([name, value]) => `  http-request set-header ${name} ${value}`,
    ),
    ...Object.entries(requestFilters.add).map(
      ([name, value]) => `  http-request add-header ${name} ${value}`,
    ),
    `  http-request del-header ${requestFilters.remove}`,
    ...Object.entries(responseFilters.set).map(
      ([name, value]) => `  http-response set-header ${name} ${value}`,
    ),
    ...Object.entries(responseFilters.add).map(
      ([name, value]) => `  http-response add-header ${name} ${value}`,
    ),
    `  http-response del-header ${responseFilters.remove}`,
  ].join('\n')
}

const logLine =
  '{"time":"%Tl","method":"%HM","path":"%HP","query":"%HQ","status":%ST,"client":"%ci","host":"%[var(txn.host)]","received":%U,"sent":%B,"duration":%Ta,"id":"%ID","upstream":"%si:%sp","upstream_time":%Tr}'
