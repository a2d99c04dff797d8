import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Pool } from 'undici'

import { noPart, PAGE_TIMEOUT_MS, pages, PART_TIMEOUT_MS } from '../part.ts'
import type { PagePart, ShownPart } from '../part.ts'

const MOST_BYTES = 4 * 1024 * 1024

const shown = {
  type: 'object',
  required: ['name', 'items'],
  properties: {
    name: { type: 'string' },
    items: {
      type: 'array',
      items: {
        type: 'object',
        required: ['id', 'total'],
        properties: { id: { type: 'string' }, total: { type: 'number' } },
      },
    },
  },
}

interface Asked {
  Params: { id: string }
}

/** Calls begin at once, have a time each, and end with the request; the schema is the list of what may go out. */
export function addPages(app: FastifyInstance, backendPort: number): void {
  const backend = new Pool(`http://127.0.0.1:${backendPort}`, {
    connections: 256,
    headersTimeout: PART_TIMEOUT_MS,
    bodyTimeout: PART_TIMEOUT_MS,
    maxResponseSize: MOST_BYTES,
  })
  for (const [page, parts] of Object.entries(pages)) {
    const names = parts.map(({ name }) => name)
    const properties = Object.fromEntries(names.map(name => [name, shown]))
    const response = { 200: { type: 'object', required: names, properties } }
    app.get<Asked>(`/${page}/:id`, { schema: { response } }, (request, reply) =>
      pageOf(backend, parts, request, reply),
    )
  }
}

async function pageOf(
  backend: Pool,
  parts: readonly PagePart[],
  request: FastifyRequest<Asked>,
  reply: FastifyReply,
): Promise<Readonly<Record<string, ShownPart>>> {
  const gone = new AbortController()
  const end = (): void => gone.abort()
  const late = setTimeout(end, PAGE_TIMEOUT_MS)
  reply.raw.once('close', end)
  const missing: string[] = []
  try {
    const id = encodeURIComponent(request.params.id)
    const found = await Promise.all(
      parts.map(async part => {
        const call = partOf(backend, `/${part.from}/${part.name}/${id}`, gone.signal)
        if (!part.soft) return await call
        return await call.catch(() => {
          missing.push(part.name)
          return noPart
        })
      }),
    )
    if (missing.length > 0)
      void reply.header('x-partial', missing.join(', ')).header('cache-control', 'no-store')
    return Object.fromEntries(found.map((part, i) => [parts[i]!.name, part]))
  } catch (error) {
    // The other calls are for nobody any more.
    end()
    throw Object.assign(new Error('a backend has failed', { cause: error }), { statusCode: 502 })
  } finally {
    clearTimeout(late)
    reply.raw.off('close', end)
  }
}

async function partOf(backend: Pool, path: string, signal: AbortSignal): Promise<ShownPart> {
  const headers = { accept: 'application/json' }
  const { statusCode, body } = await backend.request({ path, method: 'GET', headers, signal })
  if (statusCode === 200) return (await body.json()) as ShownPart
  await body.dump()
  throw new Error(`status ${statusCode}`)
}
