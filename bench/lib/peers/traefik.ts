import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { prefixOf, requestFilters, responseFilters } from '../cases.ts'
import { cipherSuite } from '../certificate.ts'
import type { Peer, Setup } from '../peer.ts'

export const traefik: Peer = {
  name: 'traefik',
  program: 'traefik',
  takes: given => !given.compressed,
  version: ['version'],
  prepare(setup) {
    const [file, dynamic] = [join(setup.dir, 'traefik.yaml'), join(setup.dir, 'dynamic.yaml')]
    writeFileSync(file, JSON.stringify(configuration(setup, dynamic)))
    writeFileSync(dynamic, JSON.stringify(routing(setup)))
    return { command: [setup.program, `--configFile=${file}`], env: { GOMAXPROCS: '1' } }
  },
}

function configuration(setup: Setup, dynamic: string): object {
  const { accessLog } = setup.case
  return {
    global: { checkNewVersion: false, sendAnonymousUsage: false },
    log: { level: 'ERROR' },
    entryPoints: {
      web: {
        address: `127.0.0.1:${setup.port}`,
        transport: { respondingTimeouts: { idleTimeout: '75s' } },
      },
    },
    providers: { file: { filename: dynamic, watch: false } },
    serversTransport: { maxIdleConnsPerHost: 256 },
    ...(accessLog
      ? { accessLog: { filePath: join(setup.dir, 'access.log'), format: 'json', bufferingSize: 100 } }
      : {}),
  }
}

function routing(setup: Setup): object {
  const { routes, tls, upstream } = setup.case
  const secure = tls ? { tls: {} } : {}
  const router = (rule: string): object => ({ rule, service: 'back', middlewares: ['fields'], ...secure })
  const routers =
    routes === 1
      ? { all: router('PathPrefix(`/`)') }
      : Object.fromEntries(
          Array.from({ length: routes }, (_, i) => [`r${i}`, router(`PathPrefix(\`${prefixOf(i)}\`)`)]),
        )
  return {
    http: {
      routers,
      middlewares: { fields: { headers: fields(setup) } },
      services: {
        back: {
          loadBalancer: {
            servers: [{ url: `${upstream === 'h2c' ? 'h2c' : 'http'}://127.0.0.1:${setup.backendPort}` }],
          },
        },
      },
    },
    ...(tls
      ? {
          tls: {
            certificates: [{ certFile: setup.certificate.chainFile, keyFile: setup.certificate.keyFile }],
            options: {
              default: {
                minVersion: 'VersionTLS13',
                cipherSuites: [cipherSuite],
                curvePreferences: ['X25519'],
              },
            },
          },
        }
      : {}),
  }
}

/** X-Forwarded-* are what it sets by itself; it makes no id, so a constant stands for one. */
function fields({ case: given }: Setup): object {
  const own = { 'X-Request-Id': '00000000-0000-0000-0000-000000000000', Via: '1.1 traefik' }
  if (!given.headerFilters) return { customRequestHeaders: own }
  return {
    customRequestHeaders: {
      ...own,
      ...requestFilters.set,
      ...requestFilters.add,
      [requestFilters.remove]: '',
    },
    customResponseHeaders: { ...responseFilters.set, ...responseFilters.add, [responseFilters.remove]: '' },
  }
}
