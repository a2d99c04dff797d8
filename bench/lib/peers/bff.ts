import { fileURLToPath } from 'node:url'

import type { Peer } from '../peer.ts'

/** What a composition does, by hand: Fastify and undici, of gRPC grpc-js. */
export const bff: Peer = {
  name: 'bff',
  program: 'node',
  takes: () => true,
  does: given => (given.composed === null ? null : given),
  version: ['--version'],
  prepare({ case: { composed }, port, backendPort }) {
    const file = fileURLToPath(new URL('../../composed/bff/server.ts', import.meta.url))
    return { command: [process.execPath, file, composed ?? '', String(port), String(backendPort)] }
  },
}
