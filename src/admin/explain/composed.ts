import type { RequestHead } from '../../http/head.ts'
import { isWebSocket } from '../../http/request-values.ts'
import type { Wants } from '../../translation/service.ts'
import { composedBehind, type ComposedApi } from '../../translation/composed.ts'
import type { ComposedRoute } from '../../translation/compositions.ts'

/** What a composition would do with a request, by what it declares. */
export interface ComposedAnswer {
  readonly composition: string
  readonly code: string
  readonly threads: number
  readonly isKnown: boolean
  readonly routes: number
  /** The one that takes the request. */
  readonly route: ComposedRoute | null
  /** Those that it may call. */
  readonly backends: readonly (ComposedApi['backends'][number] & { readonly cluster: string | null })[]
}

/** The path is the client's: what a filter of the route rewrites is not looked at. Null where the cluster is no composition. */
export function composedAnswer(wants: Wants, cluster: string, head: RequestHead): ComposedAnswer | null {
  const behind = composedBehind(wants, cluster)
  if (behind === null) return null
  const { api, clusters } = behind
  const { composition, code, threads, isKnown } = api
  const route = api.find(head.method, head.path, isWebSocket(head))
  const called = route?.calls == null ? null : new Set(route.calls.map(({ backend }) => backend))
  const backends = api.backends
    .filter(({ name }) => route !== null && (called === null || called.has(name)))
    .map(one => ({ ...one, cluster: clusters[one.name] ?? null }))
  return { composition, code, threads, isKnown, routes: api.routes.length, route, backends }
}

/** Line by line: the label of a row, and what it says. */
export function composedLines(answer: ComposedAnswer): readonly (readonly [label: string, text: string])[] {
  const { route, isKnown, routes, backends, code } = answer
  if (!isKnown) return [['composed', `nobody knows by what: ${code} cannot be loaded, answered 503`]]
  if (route === null)
    return [
      [
        'composed',
        `by none of the ${routes === 1 ? 'one route' : `${routes} routes`} of ${code}: answered 404`,
      ],
    ]
  const { method, path, operationId, timeoutMs, calls, kind } = route
  return [
    [
      'composed',
      `by ${method} ${path} of ${code} (${kind}${operationId === '' ? '' : `, ${operationId}`}), ${timeText(timeoutMs)}`,
    ],
    ...(calls === null
      ? [['calls', 'whatever it likes of these, since it declares none'] as const]
      : calls.map(call => ['calls', `${call.backend} ${call.method} ${call.path}`] as const)),
    ...backends.map(({ name, protocol, url, timeoutMs: ms, cluster }) => {
      const where = cluster === null ? 'nowhere: its name leads to none' : cluster
      return ['backend', `${name}: ${protocol} at ${url}, ${timeText(ms)} a call, ${where}`] as const
    }),
  ]
}

const timeText = (ms: number | null): string => (ms === null ? 'any time' : `${ms} ms`)

/** In place of endpoints, which are there once it runs. */
export const threadsText = (threads: number): string =>
  threads === 0 ? 'the workers themselves' : threads === 1 ? '1 thread' : `${threads} threads`
