import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { prefixOf, requestFilters, responseFilters } from '../cases.ts'
import type { Peer, Setup } from '../peer.ts'
import { userLine } from '../process.ts'

export const nginx: Peer = {
  name: 'nginx',
  program: 'nginx',
  version: ['-v'],
  prepare(setup) {
    const file = join(setup.dir, 'nginx.conf')
    writeFileSync(file, configuration(setup))
    return { command: [setup.program, '-c', file] }
  },
}

function configuration(setup: Setup): string {
  const { dir, port, backendPort } = setup
  return `
${userLine()}
worker_processes 1;
daemon off;
pid ${dir}/nginx.pid;
error_log stderr warn;
events { worker_connections 8192; }
http {
  log_format json escape=json '{"time":"$time_iso8601","method":"$request_method","path":"$uri","query":"$args","status":$status,"client":"$remote_addr","host":"$host","agent":"$http_user_agent","received":$request_length,"sent":$body_bytes_sent,"duration":$request_time,"id":"$request_id","upstream":"$upstream_addr","upstream_time":"$upstream_response_time"}';
  ${setup.case.accessLog ? `access_log ${dir}/access.log json buffer=64k flush=1s;` : 'access_log off;'}
  keepalive_requests 1000000000;
  client_max_body_size 0;
  client_body_temp_path ${dir}/body;
  proxy_temp_path ${dir}/proxy;
  proxy_max_temp_file_size 0;
  proxy_request_buffering off;
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  proxy_set_header Host $http_host;
  proxy_set_header X-Forwarded-For $remote_addr;
  proxy_set_header X-Forwarded-Proto $scheme;
  proxy_set_header X-Forwarded-Host $http_host;
  proxy_set_header X-Forwarded-Port $server_port;
  proxy_set_header X-Request-Id $request_id;
  proxy_set_header Via "1.1 nginx";
${setup.case.headerFilters ? filters() : ''}
  upstream backend {
    server 127.0.0.1:${backendPort};
    keepalive 256;
    keepalive_requests 1000000000;
  }
  server {
    listen 127.0.0.1:${port} backlog=4096;
${locations(setup.case.routes)}
  }
}
`
}

function locations(routes: number): string {
  if (routes === 1) return '    location / { proxy_pass http://backend; }'
  const indices = Array.from({ length: routes }, (_, i) => i)
  return indices.map(i => `    location ${prefixOf(i)} { proxy_pass http://backend; }`).join('\n')
}

function filters(): string {
  return [
    ...Object.entries({ ...requestFilters.set, ...requestFilters.add }).map(
      ([name, value]) => `  proxy_set_header ${name} ${value};`,
    ),
    `  proxy_set_header ${requestFilters.remove} "";`,
    ...Object.entries({ ...responseFilters.set, ...responseFilters.add }).map(
      ([name, value]) => `  add_header ${name} ${value};`,
    ),
    `  proxy_hide_header ${responseFilters.remove};`,
  ].join('\n')
}
