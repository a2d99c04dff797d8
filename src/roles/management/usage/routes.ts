import type { FastifyRequest } from 'fastify'
import type { Api } from '../../../api/api.ts'
import { Usage, UsageQuery } from '../../../api/shapes/usage.ts'
import { storeProblem } from '../api/store-problem.ts'
import type { Store } from '../store/store.ts'
import { usageRows, usageTotal } from './answer.ts'
import { cursorOf, usageQuestion } from './asked.ts'
import { usageCsv } from '../../../api/usage-csv.ts'
import type { UsageScope } from './question.ts'
import { retentionOf } from './retention.ts'

export interface UsageApi {
  /** Rejects with what is to be answered. */
  store(): Promise<Store>
  /** Since 1970. */
  nowMs(): number
  /** Whose usage may be seen by who asks; null: everybody's. */
  scopeOf(request: FastifyRequest): UsageScope | null
}

/** GET /v1/usage. */
export function usageRoutes(app: Api, api: UsageApi): void {
  app.get(
    '/v1/usage',
    {
      config: { permission: 'usage:read' },
      schema: {
        summary: 'What was used, by any of its dimensions and by time',
        description: 'Each request of an API is counted a second or so after it has ended.',
        tags: ['usage'],
        querystring: UsageQuery,
        orText: 'text/csv',
        response: { 200: Usage },
      },
    },
    async (request, reply) => {
      const usage = await answerOf(api, request, request.query).catch((error: unknown) => {
        throw storeProblem(error)
      })
      reply.header('Vary', 'Accept')
      if (!wantsCsv(request.query.format, request.headers.accept ?? '')) return usage
      if (usage.next !== null) reply.header('Link', `<${nextUrl(request.url, usage.next)}>; rel="next"`)
      reply.type('text/csv; charset=utf-8; header=present')
      // The other type that the answer has.
      return usageCsv(usage) as unknown as Usage
    },
  )
}

async function answerOf(api: UsageApi, request: FastifyRequest, query: UsageQuery): Promise<Usage> {
  const store = await api.store()
  const question = usageQuestion(query, {
    nowMs: api.nowMs(),
    retention: await retentionOf(store),
    scope: api.scopeOf(request),
  })
  const { items, next } = await usageRows(store.db, question)
  return {
    from: timeOf(question.fromMs),
    to: timeOf(question.toMs),
    step: question.step,
    groupBy: question.groupBy,
    items,
    next: next && cursorOf(next),
    total: question.after === null ? await usageTotal(store.db, question) : null,
    names: await namesOf(store, items),
  }
}

async function namesOf({ db }: Store, items: Usage['items']): Promise<Record<string, string>> {
  const idsOf = (dimension: string): readonly string[] => [
    ...new Set(items.map(({ by }) => by[dimension] ?? '').filter(id => id !== '')),
  ]
  const names: Record<string, string> = {}
  for (const [dimension, table] of [
    ['application', 'applications'],
    ['account', 'accounts'],
  ] as const) {
    const ids = idsOf(dimension)
    if (ids.length === 0) continue
    for (const { id, name } of await db
      .selectFrom(table)
      .select(['id', 'name'])
      .where('id', 'in', ids)
      .execute())
      names[id] = name
  }
  return names
}

function wantsCsv(format: UsageQuery['format'], accept: string): boolean {
  if (format !== undefined) return format === 'csv'
  const csv = accept.indexOf('text/csv')
  const json = accept.search(/application\/(json|\*)|\*\/\*/)
  return csv >= 0 && (json < 0 || csv < json)
}

function nextUrl(url: string, cursor: string): string {
  const [path = '', query = ''] = url.split('?')
  const parameters = new URLSearchParams(query)
  parameters.set('cursor', cursor)
  return `${path}?${parameters.toString()}`
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString()
}
