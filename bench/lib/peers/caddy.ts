import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { prefixOf, requestFilters, responseFilters } from '../cases.ts'
import type { Peer, Setup } from '../peer.ts'

export const caddy: Peer = {
  name: 'caddy',
  program: 'caddy',
  takes: given =>
    given.load === 'upload' ||
    (given.load === 'kept' && given.protocol === 'http/1.1' && !given.tls && !given.compressed),
  version: ['version'],
  prepare(setup) {
    const file = join(setup.dir, 'Caddyfile')
    writeFileSync(file, configuration(setup))
    return {
      command: [setup.program, 'run', '--adapter', 'caddyfile', '--config', file],
      env: { GOMAXPROCS: '1', XDG_DATA_HOME: setup.dir, XDG_CONFIG_HOME: setup.dir },
    }
  },
}

function configuration(setup: Setup): string {
  const { routes, accessLog, protocol } = setup.case
  const indices = Array.from({ length: routes }, (_, i) => i)
  return `
{
  admin off
  auto_https off
  log {
    output stderr
    level WARN
  }
${accessLog ? '  servers {\n    metrics\n  }\n' : ''}${protocol === 'h2' ? '  servers {\n    protocols h1 h2c\n  }\n' : ''}
}
(upstream) {
${upstream(setup)}
}
http://:${setup.port} {
  bind 127.0.0.1
${accessLog ? `  log {\n    output file ${setup.dir}/access.log\n    format json\n    level INFO\n  }` : ''}
${routes === 1 ? '  import upstream' : indices.map(i => `  handle ${prefixOf(i)}* {\n    import upstream\n  }`).join('\n')}
}
`
}

function upstream(setup: Setup): string {
  // X-Forwarded-For, -Proto and -Host are what it sets by itself.
  return `  reverse_proxy 127.0.0.1:${setup.backendPort} {
    header_up X-Forwarded-Port {http.request.port}
    header_up X-Request-Id {http.request.uuid}
    header_up Via "1.1 caddy"
${setup.case.headerFilters ? filters() : ''}
    transport http {
      versions 1.1
      compression off
      keepalive 75s
      keepalive_idle_conns_per_host 256
    }
  }`
}

function filters(): string {
  return [
    ...Object.entries(requestFilters.set).map(([name, value]) => `    header_up ${name} ${value}`),
    ...Object.entries(requestFilters.add).map(([name, value]) => `    header_up +${name} ${value}`),
    `    header_up -${requestFilters.remove}`,
    ...Object.entries(responseFilters.set).map(([name, value]) => `    header_down ${name} ${value}`),
    ...Object.entries(responseFilters.add).map(([name, value]) => `    header_down +${name} ${value}`),
    `    header_down -${responseFilters.remove}`,
  ].join('\n')
}
