import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { ask } from './ask.ts'
import type { Case } from './cases.ts'
import { connects, loadCore, start, userLine } from './process.ts'
import type { Running } from './process.ts'

/** As an API answers: what is alike in it is alike in all of them. */
export const listBody = JSON.stringify(
  Array.from({ length: 100 }, (_, i) => ({
    id: 4099 * i,
    name: `item ${i % 17}`,
    price: (i * 7919) % 1000,
    text: 'in stock',
    tags: [i % 3, i % 5],
  })),
)

export const smallBody = JSON.stringify({ id: 1, name: 'item', text: 'x'.repeat(168) })

/** Starts what all proxies forward to in this case. */
export function startBackend(given: Case, nginx: string, dir: string, port: number): Promise<Running> {
  if (given.upstream === 'h2c') return startOwn('grpc', dir, port)
  if (given.composed !== null) return startOwn('parts', dir, port)
  if (given.load === 'websocket') return startOwn('echo', dir, port)
  return startFiles(nginx, dir, port)
}

/** A server of ours, for what nginx cannot do: see bench/backends. */
function startOwn(program: 'grpc' | 'echo' | 'parts', dir: string, port: number): Promise<Running> {
  return start({
    name: `the backend (${program})`,
    core: loadCore,
    command: [
      process.execPath,
      fileURLToPath(new URL(`../backends/${program}.ts`, import.meta.url)),
      String(port),
    ],
    log: join(dir, 'backend.log'),
    probe: () => connects(port),
  })
}

/** nginx with static files, since it costs least of what is at hand and shares its core with the load generator. */
async function startFiles(nginx: string, dir: string, port: number): Promise<Running> {
  const root = join(dir, 'files')
  mkdirSync(root, { recursive: true })
  writeFileSync(join(root, 'small.json'), smallBody)
  writeFileSync(join(root, 'list.json'), listBody)
  writeFileSync(join(root, '10k'), 'k'.repeat(10_240))
  writeFileSync(join(root, '1m'), 'm'.repeat(1_048_576))
  const file = join(dir, 'backend.conf')
  writeFileSync(file, configuration(dir, root, port))
  const request = () => ask({ tls: false, protocol: 'http/1.1' }, port, { path: '/small.json' })
  const backend = await start({
    name: 'the backend (nginx)',
    core: loadCore,
    command: [nginx, '-c', file],
    log: join(dir, 'backend.log'),
    probe: async () => (await request()) !== null,
  })
  const answer = await request()
  if (answer?.body === smallBody) return backend
  await backend.stop()
  throw new Error(`the backend (nginx) answers ${answer?.status ?? 'nothing'} in place of its file`)
}

function configuration(dir: string, root: string, port: number): string {
  return `
${userLine()}
worker_processes 1;
daemon off;
pid ${dir}/backend.pid;
error_log ${dir}/backend.log warn;
events { worker_connections 8192; }
http {
  access_log off;
  sendfile on;
  keepalive_requests 1000000000;
  open_file_cache max=16;
  default_type application/json;
  client_body_temp_path ${dir}/backend-body;
  client_max_body_size 32m;
  client_body_buffer_size 2m;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    root ${root};
    add_header X-Backend nginx;
    rewrite ^/r[0-9]+(/.*)$ $1;
    location = /kept.json {
      alias ${root}/small.json;
      add_header X-Backend nginx;
      add_header Cache-Control max-age=86400;
    }
    # "return" would answer before the body has come; a mirror makes nginx read it first. The static
    # handler then refuses POST, which is turned into the small answer.
    location = /sink {
      mirror /nowhere;
      mirror_request_body on;
      error_page 405 =200 /small.json;
      try_files /small.json =404;
    }
    location = /nowhere { internal; return 204; }
  }
}
`
}
