import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { prefixOf, requestFilters, responseFilters } from '../cases.ts'
import type { Peer, Setup } from '../peer.ts'

/** One worker thread, and its main thread beside it, as a small deployment has them. */
export const envoy: Peer = {
  name: 'envoy',
  program: 'envoy',
  // Its TLS library takes the suite of TLS 1.3 that the client likes best, and cannot be told another.
  takes: given => !given.tls && !given.compressed,
  version: ['--version'],
  prepare(setup) {
    // JSON is YAML.
    const file = join(setup.dir, 'envoy.yaml')
    writeFileSync(file, JSON.stringify(bootstrap(setup)))
    return {
      command: [setup.program, '-c', file, '--concurrency', '1', '-l', 'error', '--disable-hot-restart'],
    }
  },
}

const types = 'type.googleapis.com/envoy'

function bootstrap(setup: Setup): object {
  const { port, adminPort } = setup
  const chain = { filters: [{ name: 'http', typed_config: connectionManager(setup) }] }
  return {
    admin: { address: at(adminPort) },
    static_resources: {
      listeners: [
        {
          address: at(port),
          tcp_backlog_size: 4096,
          filter_chains: [chain],
        },
      ],
      clusters: [cluster(setup)],
    },
  }
}

function at(port: number): object {
  return { socket_address: { address: '127.0.0.1', port_value: port } }
}

function connectionManager({ dir, case: given }: Setup): object {
  return {
    '@type': `${types}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: 'front',
    codec_type: given.protocol === 'h2' ? 'HTTP2' : 'HTTP1',
    use_remote_address: true,
    generate_request_id: true,
    via: '1.1 envoy',
    ...(given.load === 'websocket' ? { upgrade_configs: [{ upgrade_type: 'websocket' }] } : {}),
    ...(given.accessLog ? { access_log: [accessLog(dir)] } : {}),
    http_filters: [
      { name: 'router', typed_config: { '@type': `${types}.extensions.filters.http.router.v3.Router` } },
    ],
    route_config: {
      request_headers_to_add: [
        // X-Forwarded-For and -Proto are what it sets by itself.
        added('X-Forwarded-Host', '%REQ(:AUTHORITY)%', true),
        added('X-Forwarded-Port', '%DOWNSTREAM_LOCAL_PORT%', true),
        ...(given.headerFilters ? fields(requestFilters) : []),
      ],
      ...(given.headerFilters
        ? {
            request_headers_to_remove: [requestFilters.remove],
            response_headers_to_add: fields(responseFilters),
            response_headers_to_remove: [responseFilters.remove],
          }
        : {}),
      virtual_hosts: [{ name: 'all', domains: ['*'], routes: routes(given.routes) }],
    },
  }
}

function fields({ set, add }: typeof requestFilters | typeof responseFilters): object[] {
  return [
    ...Object.entries(set).map(([name, value]) => added(name, value, true)),
    ...Object.entries(add).map(([name, value]) => added(name, value, false)),
  ]
}

function added(key: string, value: string, replace: boolean): object {
  return {
    header: { key, value },
    append_action: replace ? 'OVERWRITE_IF_EXISTS_OR_ADD' : 'APPEND_IF_EXISTS_OR_ADD',
  }
}

function routes(count: number): object[] {
  const route = { cluster: 'back', timeout: '0s' }
  if (count === 1) return [{ match: { prefix: '/' }, route }]
  return Array.from({ length: count }, (_, i) => ({ match: { prefix: prefixOf(i) }, route }))
}

function accessLog(dir: string): object {
  return {
    name: 'file',
    typed_config: {
      '@type': `${types}.extensions.access_loggers.file.v3.FileAccessLog`,
      path: join(dir, 'access.log'),
      log_format: {
        json_format: {
          time: '%START_TIME%',
          method: '%REQ(:METHOD)%',
          path: '%REQ(:PATH)%',
          status: '%RESPONSE_CODE%',
          client: '%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%',
          host: '%REQ(:AUTHORITY)%',
          agent: '%REQ(USER-AGENT)%',
          received: '%BYTES_RECEIVED%',
          sent: '%BYTES_SENT%',
          duration: '%DURATION%',
          id: '%REQ(X-REQUEST-ID)%',
          upstream: '%UPSTREAM_HOST%',
        },
      },
    },
  }
}

function cluster({ backendPort, case: given }: Setup): object {
  const options = `${types}.extensions.upstreams.http.v3.HttpProtocolOptions`
  const protocol = given.upstream === 'h2c' ? { http2_protocol_options: {} } : { http_protocol_options: {} }
  return {
    name: 'back',
    connect_timeout: '5s',
    circuit_breakers: {
      thresholds: [{ max_connections: 256, max_pending_requests: 16_384, max_requests: 16_384 }],
    },
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': options,
        explicit_http_config: protocol,
      },
    },
    load_assignment: {
      cluster_name: 'back',
      endpoints: [{ lb_endpoints: [{ endpoint: { address: at(backendPort) } }] }],
    },
  }
}
