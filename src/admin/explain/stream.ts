import type { StreamRule } from '../../snapshot/rule.ts'
import type { Listener, RouteEntry } from '../../snapshot/snapshot.ts'

/**
 * A listener of byte streams as one of requests that match anything, so that one explanation serves both: of a stream
 * only the hostname is asked, and it too is sent to backends by weight.
 */
export function asRequests(listener: Listener): Listener {
  const { streams } = listener
  if (streams === undefined) return listener
  const hosts = streams.map(({ hostname, rule }) => ({ hostname, entries: [entryOf(rule)] }))
  return { ...listener, hosts }
}

function entryOf({ id, origin, backends }: StreamRule): RouteEntry {
  return {
    match: { path: { type: 'prefix', value: '' }, method: '', headers: [], query: [] },
    rule: {
      id,
      origin,
      filters: [],
      action: {
        type: 'forward',
        backends: backends.map(backend => ({ ...backend, filters: [] })),
        mirrors: [],
        requestTimeoutMs: 0,
        backendTimeoutMs: 0,
        retry: null,
      },
    },
  }
}
