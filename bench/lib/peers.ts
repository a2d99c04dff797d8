import { bff } from './peers/bff.ts'
import { caddy } from './peers/caddy.ts'
import { envoy } from './peers/envoy.ts'
import { haproxy } from './peers/haproxy.ts'
import { nginx } from './peers/nginx.ts'
import { beside, portcullis, withoutCode } from './peers/portcullis.ts'
import { spring } from './peers/spring.ts'
import { traefik } from './peers/traefik.ts'
import type { Peer } from './peer.ts'

/** In the order in which a round goes through them. */
export const peers: readonly Peer[] = [
  nginx,
  bff,
  portcullis,
  withoutCode,
  ...beside,
  spring,
  haproxy,
  envoy,
  caddy,
  traefik,
]
