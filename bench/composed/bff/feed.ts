import { setTimeout as delay } from 'node:timers/promises'
import type { ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { request } from 'undici'

/** What waits for a slow client, and what is kept for those who come back. */
const MOST_WAITING_BYTES = 1024 * 1024
const KEPT = 100
const KEEPALIVE_MS = 15_000

interface Kept {
  readonly id: number
  readonly text: string
}

/** One subscription of the backend for all clients, with ids, so that who comes back is given what is kept. */
export function addFeed(app: FastifyInstance, backendPort: number): void {
  const clients = new Set<ServerResponse>()
  const kept: Kept[] = []
  let lastId = 0
  const tell = (data: string): void => {
    const { count, atMs, text } = JSON.parse(data) as { count: number; atMs: number; text: string }
    const event = {
      id: ++lastId,
      text: `id: ${lastId}\ndata: ${JSON.stringify({ count, atMs, text })}\n\n`,
    }
    if (kept.push(event) > KEPT) kept.shift()
    for (const client of clients) send(client, event.text)
  }
  void follow(backendPort, tell)
  setInterval(() => {
    for (const client of clients) send(client, ':\n\n')
  }, KEEPALIVE_MS)
  app.get('/feed', (asked, reply) => {
    reply.hijack()
    const { raw } = reply
    raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    raw.flushHeaders()
    const after = Number(asked.headers['last-event-id'] ?? Number.NaN)
    for (const { id, text } of kept) if (id > after) raw.write(text)
    clients.add(raw)
    raw.once('close', () => clients.delete(raw))
  })
}

/** A client that is too slow is closed, and comes back by itself. */
function send(client: ServerResponse, text: string): void {
  if (client.writableLength > MOST_WAITING_BYTES) client.destroy()
  else client.write(text)
}

async function follow(backendPort: number, tell: (data: string) => void): Promise<never> {
  for (;;) {
    try {
      await subscribe(backendPort, tell)
    } catch {
      // It comes back as EventSource does.
    }
    await delay(1000)
  }
}

async function subscribe(backendPort: number, tell: (data: string) => void): Promise<void> {
  const { body } = await request(`http://127.0.0.1:${backendPort}/feed`, { bodyTimeout: 0 })
  let held = ''
  body.setEncoding('utf8')
  for await (const chunk of body) {
    const events = (held + String(chunk)).split('\n\n')
    held = events.pop() ?? ''
    for (const event of events) if (event.startsWith('data: ')) tell(event.slice(6))
  }
}
