import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { prefixOf, requestFilters, responseFilters } from '../cases.ts'
import type { Case } from '../cases.ts'
import { cipherSuite } from '../certificate.ts'
import type { Certificate } from '../certificate.ts'
import type { Peer, Setup } from '../peer.ts'
import { userLine } from '../process.ts'

export const nginx: Peer = {
  name: 'nginx',
  program: 'nginx',
  takes: () => true,
  version: ['-v'],
  prepare(setup) {
    const file = join(setup.dir, 'nginx.conf')
    writeFileSync(file, configuration(setup))
    return { command: [setup.program, '-c', file] }
  },
}

function configuration(setup: Setup): string {
  const { dir, port, backendPort } = setup
  const { accessLog, compressed, headerFilters, upstream } = setup.case
  const set = upstream === 'h2c' ? 'grpc_set_header' : 'proxy_set_header'
  return `
${userLine()}
worker_processes 1;
daemon off;
pid ${dir}/nginx.pid;
error_log stderr warn;
events { worker_connections 16384; }
http {
  log_format json escape=json '{"time":"$time_iso8601","method":"$request_method","path":"$uri","query":"$args","status":$status,"client":"$remote_addr","host":"$host","agent":"$http_user_agent","received":$request_length,"sent":$body_bytes_sent,"duration":$request_time,"id":"$request_id","upstream":"$upstream_addr","upstream_time":"$upstream_response_time"}';
  ${accessLog ? `access_log ${dir}/access.log json buffer=64k flush=1s;` : 'access_log off;'}
  keepalive_requests 1000000000;
  client_max_body_size 0;
  client_body_temp_path ${dir}/body;
  proxy_temp_path ${dir}/proxy;
  proxy_max_temp_file_size 0;
  proxy_request_buffering off;
  proxy_http_version 1.1;
  ${set} Connection ${setup.case.load === 'websocket' ? 'upgrade' : '""'};
  ${setup.case.load === 'websocket' ? 'proxy_set_header Upgrade $http_upgrade;' : ''}
  ${set} Host $http_host;
  ${set} X-Forwarded-For $remote_addr;
  ${set} X-Forwarded-Proto $scheme;
  ${set} X-Forwarded-Host $http_host;
  ${set} X-Forwarded-Port $server_port;
  ${set} X-Request-Id $request_id;
  ${set} Via "1.1 nginx";
${headerFilters ? filters() : ''}
  ${compressed ? 'gzip on; gzip_comp_level 5; gzip_min_length 1024; gzip_proxied any; gzip_vary on; gzip_types application/json;' : ''}
  upstream backend {
    server 127.0.0.1:${backendPort};
    keepalive 256;
    keepalive_requests 1000000000;
  }
  server {
    listen 127.0.0.1:${port} ${listenWords(setup.case)} backlog=4096;
${setup.case.tls ? secure(setup.certificate) : ''}
${locations(setup.case)}
  }
}
`
}

function listenWords({ tls, protocol }: Case): string {
  return `${tls ? 'ssl' : ''} ${protocol === 'h2' ? 'http2' : ''}`
}

function secure({ chainFile, keyFile }: Certificate): string {
  return `    ssl_certificate ${chainFile};
    ssl_certificate_key ${keyFile};
    ssl_protocols TLSv1.3;
    ssl_conf_command Ciphersuites ${cipherSuite};
    ssl_session_tickets on;`
}

function locations({ routes, upstream }: Case): string {
  const pass = upstream === 'h2c' ? 'grpc_pass grpc://backend;' : 'proxy_pass http://backend;'
  if (routes === 1) return `    location / { ${pass} }`
  const indices = Array.from({ length: routes }, (_, i) => i)
  return indices.map(i => `    location ${prefixOf(i)} { ${pass} }`).join('\n')
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
