import type { Exchange, FilterType, LocalResponse } from '../../../filters/filter.ts'
import { coveringHostnames } from '../../../snapshot/hostnames.ts'
import type { FilterConfig } from '../../../snapshot/rule.ts'
import { PUBLISHED, type PublishedRow } from '../rows.ts'

/** What a listener tells everybody who asks about the APIs that it serves: the catalog, and their documents. */
export interface PublishedConfig extends FilterConfig {
  readonly type: 'published'
  readonly documents: readonly PublishedDocument[]
}

export interface PublishedDocument {
  /** "" any, `*.example`; the most specific that takes the host counts. */
  readonly hostname: string
  readonly path: string
  /** Key in the table PUBLISHED. */
  readonly row: string
  /** Rules, by Rule.id, that name this very path and answer it themselves. */
  readonly routes: readonly string[]
}

/** What is in a row stands where the origin belongs that the client knows. */
interface Place {
  readonly row: string
  readonly routes: ReadonlySet<string>
}

/**
 * Answers GET and HEAD for documents about published APIs, before anybody is asked for credentials. All other requests
 * cost it one look at the length of their path.
 */
export const published: FilterType<PublishedConfig> = {
  type: 'published',
  role: 'management',
  phase: 'api',
  describe: ({ documents }) => `serves ${[...new Set(documents.map(({ path }) => path))].join(', ')}`,
  compile({ documents }, kit) {
    const paths = new Map<string, Map<string, Place>>()
    for (const { hostname, path, row, routes } of documents) {
      const hosts = paths.get(path) ?? new Map<string, Place>()
      hosts.set(hostname, { row, routes: new Set(routes) })
      paths.set(path, hosts)
    }
    const lengths: boolean[] = []
    for (const path of paths.keys()) lengths[path.length] = true
    const table = kit.table<PublishedRow>(PUBLISHED)
    return {
      request(x) {
        const { path, method } = x.asked
        if (lengths[path.length] !== true || (method !== 'GET' && method !== 'HEAD')) return undefined
        const place = placeOf(paths.get(path), x.asked.hostname)
        if (place === undefined || place.routes.has(x.route)) return undefined
        const row = table.get(place.row)
        return row === undefined ? undefined : answer(x, row)
      },
    }
  },
}

function placeOf(hosts: ReadonlyMap<string, Place> | undefined, hostname: string): Place | undefined {
  if (hosts === undefined) return undefined
  for (const one of coveringHostnames(hostname)) {
    const place = hosts.get(one)
    if (place !== undefined) return place
  }
  return undefined
}

/** For pages of any origin: it has nothing that depends on who asks. */
function answer({ request, asked }: Exchange, { type, etag, pieces, links }: PublishedRow): LocalResponse {
  const fields = [
    'ETag',
    etag,
    'Cache-Control',
    'public, max-age=300',
    'Access-Control-Allow-Origin',
    '*',
    ...links.flatMap(link => ['Link', link]),
  ]
  if (isKnown(request.fields.combined('if-none-match'), etag)) return { status: 304, fields, body: '' }
  const body = pieces.join(`${request.scheme}://${asked.authority}`)
  return { status: 200, fields: ['Content-Type', type, ...fields], body }
}

function isKnown(tags: string | undefined, etag: string): boolean {
  return tags !== undefined && tags.split(',').some(tag => [etag, `W/${etag}`, '*'].includes(tag.trim()))
}
