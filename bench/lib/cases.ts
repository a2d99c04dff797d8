/** One thing that is measured; every peer is configured for it alike. */
export interface Case {
  readonly name: string
  readonly title: string
  /** Of the backend: `/small.json`, `/10k`, `/1m`, or `/sink`, which reads a body and answers with few bytes. */
  readonly path: string
  /** Bytes of the request's body; 0 is GET. */
  readonly bodyBytes: number
  readonly connections: number
  /** Path prefixes `/r0/` … that each are a route of their own; requests go to all in turn. 1 is a route for everything. */
  readonly routes: number
  /** Set two, add one and remove one header of the request, and of the response. */
  readonly headerFilters: boolean
  /** An access log to a file, with metrics where the peer has them. */
  readonly accessLog: boolean
}

const plain: Case = {
  name: 'small',
  title: '200 bytes of JSON, keep-alive, 64 connections',
  path: '/small.json',
  bodyBytes: 0,
  connections: 64,
  routes: 1,
  headerFilters: false,
  accessLog: false,
}

export const cases: readonly Case[] = [
  plain,
  { ...plain, name: 'response-10k', title: 'response bodies of 10 KB', path: '/10k' },
  {
    ...plain,
    name: 'response-1m',
    title: 'response bodies of 1 MB, 16 connections',
    path: '/1m',
    connections: 16,
  },
  { ...plain, name: 'request-10k', title: 'request bodies of 10 KB', path: '/sink', bodyBytes: 10_240 },
  {
    ...plain,
    name: 'request-1m',
    title: 'request bodies of 1 MB, 16 connections',
    path: '/sink',
    bodyBytes: 1_048_576,
    connections: 16,
  },
  { ...plain, name: 'routes-100', title: 'small, spread over 100 routes', routes: 100 },
  { ...plain, name: 'routes-10000', title: 'small, spread over 10,000 routes', routes: 10_000 },
  { ...plain, name: 'headers', title: 'small, with header filters in both directions', headerFilters: true },
  { ...plain, name: 'log', title: 'small, with access log and metrics', accessLog: true },
]

/** The path of a request that meets route `index` of the case. */
export function pathOf(given: Case, index: number): string {
  return given.routes === 1 ? given.path : `/r${index % given.routes}${given.path}`
}

/** `/r7/`: the prefix of route `index`. */
export function prefixOf(index: number): string {
  return `/r${index}/`
}

export const requestFilters = {
  set: { 'X-Bench-One': 'one', 'X-Bench-Two': 'two' },
  add: { 'X-Bench-Three': 'three' },
  remove: 'X-Bench-Secret',
} as const

export const responseFilters = {
  set: { 'X-Bench-Four': 'four', 'X-Bench-Five': 'five' },
  add: { 'X-Bench-Six': 'six' },
  remove: 'X-Backend',
} as const
