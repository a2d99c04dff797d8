import { join } from 'node:path'

import { prefixes } from './changing.ts'
import type { Changer, World } from './changing.ts'
import { replace, replaceSync } from './write.ts'

const types = 'type.googleapis.com/envoy'

/** Routes and endpoints are files of their own that it follows (RDS and EDS from the file system). */
export const envoy: Changer = {
  name: 'envoy, files',
  program: 'envoy',
  prepare(world) {
    const [file, routes, endpoints] = ['envoy', 'routes', 'endpoints'].map(name =>
      join(world.dir, `${name}.json`),
    ) as [string, string, string]
    replaceSync(file, JSON.stringify(bootstrap(world, routes, endpoints)))
    replaceSync(routes, routesOf(0))
    replaceSync(endpoints, endpointsOf(world.backends[0]))
    return {
      command: [world.program, '-c', file, '--concurrency', '1', '-l', 'error', '--disable-hot-restart'],
      changeRoute: n => replace(routes, routesOf(n)),
      changeEndpoint: to => replace(endpoints, endpointsOf(world.backends[to])),
    }
  },
}

function fromFile(path: string): object {
  return { path_config_source: { path }, resource_api_version: 'V3' }
}

function at(port: number): object {
  return { socket_address: { address: '127.0.0.1', port_value: port } }
}

function bootstrap({ port, adminPort }: World, routes: string, endpoints: string): object {
  const manager = {
    '@type': `${types}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: 'front',
    rds: { route_config_name: 'routes', config_source: fromFile(routes) },
    http_filters: [
      { name: 'router', typed_config: { '@type': `${types}.extensions.filters.http.router.v3.Router` } },
    ],
  }
  return {
    node: { id: 'bench', cluster: 'bench' },
    admin: { address: at(adminPort) },
    static_resources: {
      listeners: [
        { address: at(port), filter_chains: [{ filters: [{ name: 'http', typed_config: manager }] }] },
      ],
      clusters: [
        {
          name: 'back',
          type: 'EDS',
          connect_timeout: '5s',
          eds_cluster_config: { eds_config: fromFile(endpoints) },
        },
      ],
    },
  }
}

function routesOf(change: number): string {
  const route = { cluster: 'back', timeout: '0s' }
  const routes = prefixes(change).map(prefix => ({ match: { prefix: `${prefix}/` }, route }))
  return JSON.stringify({
    version_info: String(change),
    resources: [
      {
        '@type': `${types}.config.route.v3.RouteConfiguration`,
        name: 'routes',
        virtual_hosts: [{ name: 'all', domains: ['*'], routes }],
      },
    ],
  })
}

function endpointsOf(port: number): string {
  return JSON.stringify({
    resources: [
      {
        '@type': `${types}.config.endpoint.v3.ClusterLoadAssignment`,
        cluster_name: 'back',
        endpoints: [{ lb_endpoints: [{ endpoint: { address: at(port) } }] }],
      },
    ],
  })
}
