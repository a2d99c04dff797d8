import { AdminError } from '../../api/errors.ts'
import type { Api } from '../../api/api.ts'
import type { Purge } from '../../shared/cache/stored.ts'
import type { ApiKit } from '../kit.ts'
import { CacheFigures, Purged, PurgeRequest } from '../shapes/cache.ts'

const tags = ['cache']

/** What is kept of answers. */
export function cacheRoutes(app: Api, { seen: { cache }, audit }: ApiKit): void {
  app.get(
    '/v1/cache',
    {
      config: { permission: 'platform:read' },
      schema: { summary: 'How full the cache of answers is', tags, response: { 200: CacheFigures } },
    },
    () => cache.figures,
  )
  app.post(
    '/v1/cache/purge',
    {
      config: { permission: 'platform:write' },
      schema: {
        summary: 'Answers that are not to be given any more',
        description:
          'It counts for all workers when this is answered; what was asked of a backend before is not kept after it.',
        tags,
        body: PurgeRequest,
        response: { 200: Purged },
      },
    },
    async request => {
      const { body } = request
      const purged = cache.purge(purgeOf(body))
      const object = body.all === true ? 'all' : (body.url ?? body.prefix ?? body.tag ?? '')
      await audit(request, { action: 'purge', kind: 'cache', object, after: { ...body, purged } })
      return { purged }
    },
  )
}

function purgeOf(body: PurgeRequest): Purge {
  const { url, prefix, tag, all } = body
  if (Object.values(body).filter(value => value !== undefined).length !== 1)
    throw new AdminError(422, 'body: expected one of url, prefix, tag and all')
  if (all === true) return 'all'
  if (tag !== undefined) return { tag }
  const text = url ?? prefix ?? ''
  if (!/^https?:\/\/[^/]+\//.test(text))
    throw new AdminError(422, 'body: expected a URL with a path, such as https://shop.example/items')
  return url === undefined ? { prefix: text } : { url }
}
