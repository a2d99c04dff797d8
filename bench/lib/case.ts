/** One thing that is measured; every peer is configured for it alike. */
export interface Case {
  readonly name: string
  readonly title: string
  /** Of what the CPU time is given: CPU µs/request, /connection, /message. */
  readonly unit: 'request' | 'connection' | 'message'
  /** Of the backend: `/small.json`, `/kept.json` (the same, which may be stored), `/10k`, `/1m`, `/list.json` (10 KB that can be compressed), or `/sink`, which reads a body and answers with few bytes. */
  readonly path: string
  /** Bytes of the request's body; 0 is GET. */
  readonly bodyBytes: number
  readonly connections: number
  /** Path prefixes `/r0/` … that each are a route of their own; requests go to all in turn. 1 is a route for everything. */
  readonly routes: number
  /** Set two, add one and remove one header of the request, and of the response. */
  readonly headerFilters: boolean
  /** Responses go as gzip of level 5; where a peer's levels are its own, it takes no part. */
  readonly compressed: boolean
  /** An access log to a file, with metrics where the peer has them. */
  readonly accessLog: boolean
  /** TLS 1.3 with an ECDSA P-256 certificate and AES-128-GCM. */
  readonly tls: boolean
  readonly protocol: 'http/1.1' | 'h2'
  /** Requests under way at once on one connection. */
  readonly streams: number
  readonly upstream: 'http/1.1' | 'h2c'
  readonly load: LoadKind
  /** We answer from our cache what the others proxy. */
  readonly cached: boolean
  /** Clients show who they are; only our own takes part, beside itself without that. */
  readonly managed: Managed | null
  /** An API made of others takes part, beside ones that do it by hand. */
  readonly composed: Composed | null
}

/** A file of bench/composed: pages of several parts, a gRPC service by REST, a feed of events for many. */
export type Composed = 'pages' | 'notes' | 'feed'

/** What a case has of API management. */
export interface Managed {
  readonly credential: 'key' | 'token'
  /** A Product's API on a plan with a rate and a quota, counted by the node or in Redis. Null: the credential alone. */
  readonly plan: 'Local' | 'Exact' | null
  /** Credentials that are recorded, each of an application of its own. */
  readonly recorded: number
  /** So many of them are shown in turn. */
  readonly used: number
}

/**
 * What clients do. `kept`: requests on connections that stay. `new`, `resumed`: one request on each connection,
 * with a full TLS handshake or the ticket of an earlier one. `grpc`: unary calls. `websocket`: messages that come
 * back. `idle`: connections that stay, and say no more after one request. `upload`: one body after another, through
 * a line of 40 ms. `subscribers`: streams of events that stay.
 */
export type LoadKind = 'kept' | 'new' | 'resumed' | 'grpc' | 'websocket' | 'idle' | 'upload' | 'subscribers'
