import { join } from 'node:path'
import { keepCompiled } from '../command/compile-cache.ts'
import { UsageError, type Command, type Flag } from '../command/flag.ts'
import {
  accessLog,
  admin,
  data,
  logLevel,
  recentRequests,
  roles,
  secrets,
  workers,
} from '../command/flags.ts'
import { allocateYoung, sizeYoungByThread } from '../command/young.ts'

const save: Flag<string> = {
  name: 'save',
  placeholder: 'DIR',
  fallback: '',
  help: 'Write the same as YAML into that folder, and serve it from there: changes of the file are followed.',
  parse: text => text,
}

/** `portcullis proxy`. */
export const proxy: Command = {
  name: 'proxy',
  operands: 'LISTEN [HOST][/PATH]=BACKEND…',
  summary: 'A gateway from one line, without a file.',
  details: [
    'LISTEN is :8080, 127.0.0.1:8080, or https://:8443 for TLS by a certificate of your own authority (see portcullis cert).',
    'HOST is a host name, perhaps with "*." in front, or "*"; PATH a prefix of whole segments; without both, everything. A HOST ' +
      'that is named goes before any host, then the longest PATH. BACKEND is ' +
      ':9000 on this machine, HOST:PORT, several of them with commas between, or a URL of http, https or h2c; a path in it ' +
      'takes the place of PATH.',
    'portcullis proxy :8080 shop.localhost=:9000 /api=http://10.0.0.7:9001',
  ],
  flags: [save, workers, data, secrets, admin, logLevel, accessLog, recentRequests, roles],
  run: async given => {
    const [listen, ...mappings] = given.operands
    if (listen === undefined || mappings.length === 0)
      throw new UsageError(
        'proxy: needs LISTEN and a BACKEND, such as: portcullis proxy :8080 shop.localhost=:9000',
      )
    const options = {
      listen,
      mappings,
      save: given.get(save),
      roles: given.get(roles),
      workers: given.get(workers),
      zone: null,
      dataDir: given.get(data),
      isDataNamed: given.has(data),
      certificatesDir: join(given.get(data), 'certificates'),
      secretsDir: given.get(secrets),
      environment: 'live',
      store: '',
      counters: '',
      collector: null,
      tracesShare: 1,
      // Its one line has no policies.
      cacheBytes: 1024 * 1024,
      admin: given.get(admin),
      logLevel: given.get(logLevel),
      accessLog: given.get(accessLog),
      cluster: null,
      recentRequests: given.get(recentRequests),
      settings: {},
    }
    allocateYoung()
    sizeYoungByThread()
    keepCompiled(options.dataDir)
    const { proxy: serve } = await import('./proxy.ts')
    return serve(options)
  },
}
