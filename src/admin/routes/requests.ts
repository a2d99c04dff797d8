import { Type } from 'typebox'
import type { RecentReader } from '../../telemetry/recent/recent-reader.ts'
import { AdminError } from '../../api/errors.ts'
import type { Api } from '../../api/api.ts'
import type { ApiKit } from '../kit.ts'
import { recentFilter, requestLine } from '../requests/line.ts'
import { storyOf } from '../requests/story.ts'
import type { Seen } from '../seen.ts'
import { listQuery } from '../../api/shapes/list.ts'
import { RequestFilter, requestFilter, RequestList, RequestStory } from '../shapes/requests.ts'
import { Events } from '../../api/shapes/events.ts'
import { fields } from '../../api/shapes/shape.ts'
import type { EventStream } from '../../api/sse.ts'

const tags = ['requests']

/** Recent requests: a list, what comes, and the story of one. */
export function requestRoutes(app: Api, { seen, streams }: ApiKit): void {
  app.get(
    '/v1/requests',
    {
      config: { permission: 'platform:read' },
      schema: {
        summary: 'Recent requests, the newest first',
        tags,
        querystring: listQuery(requestFilter),
        response: { 200: RequestList },
      },
    },
    ({ query: { limit, cursor, ...filter } }) => {
      const { records, next } = page(recentOf(seen), filter, limit, cursor)
      return { items: records.map(requestLine), next }
    },
  )
  app.get(
    '/v1/requests/stream',
    {
      config: { permission: 'platform:read' },
      schema: {
        summary: 'Requests as they end, as events `request`; `lost` counts those that were not shown',
        tags,
        querystring: RequestFilter,
        produces: 'text/event-stream',
        response: { 200: Events },
      },
    },
    ({ query }, reply) => {
      const recent = recentOf(seen)
      streams.start(reply, stream => follow(recent, query, stream))
    },
  )
  app.get(
    '/v1/requests/:id',
    {
      config: { permission: 'platform:read' },
      schema: {
        summary: 'The story of one request',
        tags,
        params: fields({
          id: Type.String({ description: 'X-Request-Id, as `exchange` in the body of an error.' }),
        }),
        response: { 200: RequestStory },
      },
    },
    ({ params: { id } }) => tell(seen, id),
  )
}

function recentOf({ recent }: Seen): RecentReader {
  if (recent === null)
    throw new AdminError(404, 'recent requests are not kept: the gateway runs with --recent-requests off')
  return recent
}

function page(recent: RecentReader, filter: RequestFilter, limit: number, cursor: string | undefined) {
  try {
    return recent.list(recentFilter(filter), limit, cursor ?? null)
  } catch (error) {
    if (error instanceof RangeError) throw new AdminError(422, `cursor: ${error.message}`)
    throw error
  }
}

function follow(recent: RecentReader, filter: RequestFilter, stream: EventStream): () => void {
  return recent.tail({
    filter: recentFilter(filter),
    onRecords: records => {
      // Who reads slower than is written sees that something is missing.
      if (stream.isBehind) stream.send('lost', { count: records.length })
      else for (const record of records) stream.send('request', requestLine(record))
    },
    onLost: count => stream.send('lost', { count }),
  })
}

function tell(seen: Seen, id: string): RequestStory {
  const recent = recentOf(seen)
  const found = recent.find(id)
  if (found === null) throw new AdminError(404, goneText(recent, id))
  const known = { snapshot: seen.inForce()?.snapshot ?? null, filters: seen.types.filters }
  return storyOf(found.record, found.others, known)
}

function goneText(recent: RecentReader, id: string): string {
  const { allSinceMs, errorsSinceMs, slowSinceMs } = recent.reach()
  const since = (what: string, ms: number | null): string =>
    ms === null ? `there are no ${what}` : `the oldest of ${what} is of ${new Date(ms).toISOString()}`
  const reach = [
    since('requests', allSinceMs),
    since('errors', errorsSinceMs),
    since('slow ones', slowSinceMs),
  ]
  return `no request of the id "${id}" is kept any more, or there was none; ${reach.join(', ')}; who has many loses newer ones too`
}
