import type { IncomingMessage, ServerResponse } from 'node:http'
import { problem } from '../http/problem.ts'
import type { AdminAnswer } from './answer.ts'
import { accessOf, refusalOf, type Refusal } from './access.ts'

/** Fields of every answer that is not open: it is of no cache, and of no page but ours. */
export const PRIVATE: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'Cross-Origin-Resource-Policy': 'same-origin',
}

/** What a service answers, for those who may have it. */
export function answerGuarded(
  request: IncomingMessage,
  response: ServerResponse,
  answer: AdminAnswer,
): void | Promise<void> {
  const reads = request.method === 'GET' || request.method === 'HEAD'
  const permission = reads ? 'platform:read' : 'platform:write'
  const refusal = refusalOf(accessOf(request), { permission, reads })
  for (const [name, value] of Object.entries(PRIVATE)) response.setHeader(name, value)
  if (refusal === null) return answer(request, response)
  response.writeHead(refusal.status, refusalFields(refusal)).end(refusalBody(refusal))
}

const titles = {
  401: 'Unauthorized',
  403: 'Forbidden',
  429: 'Too Many Requests',
  503: 'Service Unavailable',
} as const

export function refusalFields({ status, retryAfterS }: Refusal): Record<string, string> {
  return {
    'Content-Type': 'application/problem+json',
    ...(status === 401 && { 'WWW-Authenticate': 'Bearer realm="portcullis admin"' }),
    ...(retryAfterS !== undefined && { 'Retry-After': String(retryAfterS) }),
  }
}

export function refusalBody({ status, detail }: Refusal): string {
  return problem(status, { title: titles[status], detail }).body
}
