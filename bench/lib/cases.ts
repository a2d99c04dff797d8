import type { Case, Managed } from './case.ts'
import { composedCases } from './composed/cases.ts'

export type { Case, Composed, LoadKind, Managed } from './case.ts'

const plain: Case = {
  name: 'small',
  title: '200 bytes of JSON, keep-alive, 64 connections',
  unit: 'request',
  path: '/small.json',
  bodyBytes: 0,
  connections: 64,
  routes: 1,
  headerFilters: false,
  compressed: false,
  accessLog: false,
  tls: false,
  protocol: 'http/1.1',
  streams: 1,
  upstream: 'http/1.1',
  load: 'kept',
  cached: false,
  managed: null,
  composed: null,
}
const key: Managed = { credential: 'key', plan: null, recorded: 1, used: 1 }
const secure: Case = { ...plain, tls: true }
const idle: Case = { ...plain, unit: 'connection', connections: 10_000, load: 'idle' }
const grpc: Case = { ...plain, protocol: 'h2', upstream: 'h2c', load: 'grpc', path: '/bench.Echo/Say' }

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
  {
    ...plain,
    name: 'compressed',
    title: '10 KB of JSON compressed with gzip',
    path: '/list.json',
    compressed: true,
  },
  { ...plain, name: 'log', title: 'small, with access log and metrics', accessLog: true },
  {
    ...plain,
    name: 'cache-hit',
    title: 'small from our cache, beside those who proxy it',
    path: '/kept.json',
    cached: true,
  },
  { ...plain, name: 'key', title: 'small, with an API key', managed: key },
  {
    ...plain,
    name: 'keys-100000',
    title: 'small, with 1,000 API keys in turn of 100,000 that are recorded',
    managed: { ...key, recorded: 100_000, used: 1000 },
  },
  {
    ...plain,
    name: 'jwt',
    title: 'small, with a token that is known again',
    managed: { ...key, credential: 'token' },
  },
  {
    ...plain,
    name: 'key-plan',
    title: 'small, with a key on a plan with a rate and a quota; usage is counted',
    managed: { ...key, plan: 'Local' },
  },
  {
    ...plain,
    name: 'key-plan-log',
    title: 'small, with a key on a plan with a rate and a quota; usage, metrics and access log',
    accessLog: true,
    managed: { ...key, plan: 'Local' },
  },
  {
    ...plain,
    name: 'exact-redis',
    title: 'small, with a key on a plan with a rate and a quota that are counted in Redis',
    managed: { ...key, plan: 'Exact' },
  },
  { ...secure, name: 'tls-h1-kept', title: 'small over TLS' },
  {
    ...secure,
    name: 'tls-h1-new',
    title: 'small over TLS, a connection and a full handshake each',
    load: 'new',
  },
  {
    ...secure,
    name: 'tls-h1-resumed',
    title: 'small over TLS, a connection and a resumed handshake each',
    load: 'resumed',
  },
  {
    ...secure,
    name: 'tls-h2-kept',
    title: 'small by HTTP/2 over TLS, 16 streams on each of 16 connections',
    ...h2(16, 16),
  },
  {
    ...secure,
    name: 'tls-h2-single',
    title: 'small by HTTP/2 over TLS, one stream on each of 64 connections',
    ...h2(64, 1),
  },
  {
    ...secure,
    name: 'tls-h2-new',
    title: 'small by HTTP/2 over TLS, a connection and a full handshake each',
    protocol: 'h2',
    load: 'new',
  },
  {
    ...plain,
    name: 'h2c-kept',
    title: 'small by HTTP/2 without TLS, 16 streams on each of 16 connections',
    ...h2(16, 16),
  },
  {
    ...plain,
    name: 'h2c-single',
    title: 'small by HTTP/2 without TLS, one stream on each of 64 connections',
    ...h2(64, 1),
  },
  {
    ...plain,
    name: 'upload-h2-40ms',
    title: 'a body of 20 MB by HTTP/2 without TLS, 40 ms away, a connection each; look at p50',
    path: '/sink',
    bodyBytes: 20_000_000,
    ...h2(1, 1),
    load: 'upload',
  },
  {
    ...grpc,
    name: 'grpc-unary',
    title: 'gRPC calls without TLS, 16 streams on each of 16 connections',
    ...h2(16, 16),
  },
  { ...grpc, name: 'grpc-single', title: 'gRPC calls without TLS, one stream on each of 64 connections' },
  {
    ...plain,
    name: 'websocket',
    title: '32 bytes of text there and back, 64 connections',
    unit: 'message',
    path: '/echo',
    load: 'websocket',
  },
  { ...idle, name: 'idle-10000', title: '10,000 idle connections after one request each' },
  {
    ...idle,
    name: 'idle-10000-tls',
    title: '10,000 idle connections over TLS after one request each',
    tls: true,
  },
  ...composedCases(plain),
]

function h2(connections: number, streams: number) {
  return { protocol: 'h2', connections, streams } as const
}

/** The case of this name. */
export function caseNamed(name: string): Case {
  const found = cases.find(known => known.name === name)
  if (found === undefined) throw new Error(`there is no case "${name}"`)
  return found
}

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
