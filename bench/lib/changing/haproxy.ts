import { join } from 'node:path'

import { prefixes } from './changing.ts'
import type { Changer, World } from './changing.ts'
import { replace, replaceSync } from './write.ts'

/** Prefixes are a map. Its master is told to read its files again (SIGUSR2), which starts another worker. */
export const haproxy: Changer = {
  name: 'haproxy, reload',
  program: 'haproxy',
  prepare(world) {
    const file = join(world.dir, 'haproxy.cfg')
    const map = join(world.dir, 'routes.map')
    replaceSync(file, configuration(world, map, 0))
    replaceSync(map, mapOf(0))
    return {
      command: [world.program, '-W', '-f', file],
      async changeRoute(n, pid) {
        await replace(map, mapOf(n))
        process.kill(pid, 'SIGUSR2')
      },
      async changeEndpoint(to, pid) {
        await replace(file, configuration(world, map, to))
        process.kill(pid, 'SIGUSR2')
      },
    }
  },
}

function mapOf(change: number): string {
  return prefixes(change)
    .map(prefix => `${prefix}/ back\n`)
    .join('')
}

function configuration({ port, backends }: World, map: string, backend: 0 | 1): string {
  return `
global
  nbthread 1
defaults
  mode http
  option http-keep-alive
  timeout client 75s
  timeout server 75s
  timeout connect 5s
frontend front
  bind 127.0.0.1:${port} backlog 4096
  use_backend %[path,map_beg(${map})]
backend back
  server one 127.0.0.1:${backends[backend]} pool-max-conn 16
`
}
