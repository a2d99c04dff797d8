import { caddy } from './peers/caddy.ts'
import { envoy } from './peers/envoy.ts'
import { haproxy } from './peers/haproxy.ts'
import { nginx } from './peers/nginx.ts'
import { beside, portcullis } from './peers/portcullis.ts'
import { traefik } from './peers/traefik.ts'
import type { Peer } from './peer.ts'

/** In the order in which a round goes through them. */
export const peers: readonly Peer[] = [nginx, portcullis, ...beside, haproxy, envoy, caddy, traefik]
