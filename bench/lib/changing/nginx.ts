import { join } from 'node:path'

import { userLine } from '../process.ts'
import { prefixes } from './changing.ts'
import type { Changer, World } from './changing.ts'
import { replace, replaceSync } from './write.ts'

/** It is told to read its file again (`nginx -s reload`), which starts other workers. */
export const nginx: Changer = {
  name: 'nginx, reload',
  program: 'nginx',
  prepare(world) {
    const file = join(world.dir, 'nginx.conf')
    let change = 0
    let backend: 0 | 1 = 0
    replaceSync(file, configuration(world, change, backend))
    const reload = async (pid: number): Promise<void> => {
      await replace(file, configuration(world, change, backend))
      process.kill(pid, 'SIGHUP')
    }
    return {
      command: [world.program, '-c', file],
      changeRoute(n, pid) {
        change = n
        return reload(pid)
      },
      changeEndpoint(to, pid) {
        backend = to
        return reload(pid)
      },
    }
  },
}

function configuration({ dir, port, backends }: World, change: number, backend: 0 | 1): string {
  const locations = prefixes(change).map(prefix => `    location ${prefix}/ { proxy_pass http://backend; }`)
  return `
${userLine()}
worker_processes 1;
daemon off;
pid ${dir}/nginx.pid;
error_log stderr warn;
events { worker_connections 1024; }
http {
  access_log off;
  client_body_temp_path ${dir}/body;
  proxy_temp_path ${dir}/proxy;
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  upstream backend { server 127.0.0.1:${backends[backend]}; keepalive 16; }
  server {
    listen 127.0.0.1:${port} backlog=4096;
${locations.join('\n')}
  }
}
`
}
