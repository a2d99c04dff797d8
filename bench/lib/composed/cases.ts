import { NOTES, noteText } from '../../composed/note.ts'
import type { Case } from '../case.ts'

const pages: readonly (readonly [name: string, title: string, page: string])[] = [
  ['fan-out-1', 'a page of one part of a backend', 'one'],
  ['fan-out-3', 'a page of three parts of a backend, called at once', 'three'],
  ['fan-out-10', 'a page of ten parts of a backend, called at once', 'ten'],
  ['fan-out-slow', 'a page of three parts, one of which takes 20 ms', 'slow'],
  ['fan-out-failing', 'a page of three parts, one of which fails and has a default', 'failing'],
]

/** What gateways make of several backends, or of another protocol; `plain` is what these cases have as all do. */
export function composedCases(plain: Case): readonly Case[] {
  const single = { ...plain, protocol: 'h2', upstream: 'h2c', composed: 'notes' } as const
  return [
    ...pages.map(([name, title, page]): Case => ({
      ...plain,
      name,
      title,
      path: `/${page}/7`,
      composed: 'pages',
    })),
    {
      ...single,
      name: 'transcode-unary',
      title: 'a unary call of gRPC by REST, HTTP/2 without TLS, one stream on each of 64 connections',
      path: `/v1/notes/${noteText}`,
    },
    {
      ...single,
      name: 'transcode-stream',
      title: `a server stream of ${NOTES} messages as an array of JSON, as above`,
      path: `/v1/lists/${noteText}`,
    },
    {
      ...plain,
      name: 'subscribers-10000',
      title: '10,000 subscribers of one feed of events, one each second',
      unit: 'message',
      path: '/feed',
      connections: 10_000,
      load: 'subscribers',
      composed: 'feed',
    },
  ]
}

/** The same call without transcoding: gRPC in and out, by the same connections. */
export function plainCall(given: Case): Case | null {
  if (given.composed !== 'notes') return null
  return {
    ...given,
    path: `/bench.Echo/${given.path.startsWith('/v1/lists/') ? 'List' : 'Say'}`,
    load: 'grpc',
    composed: null,
  }
}
