import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { problem } from '../http/problem.ts'
import { log } from '../telemetry/log.ts'
import { AdminError } from '../api/errors.ts'
import { PRIVATE } from '../api/guarded.ts'
import type { Api } from '../api/api.ts'
import type { AdminPaths } from './paths.ts'

const { STATUS_CODES } = process.getBuiltinModule('node:http')

/** What no route is looked for: a target that cannot be decoded, or a name in it that is too long. */
export function answerFrameworkError(error: FastifyError, _request: unknown, reply: FastifyReply): void {
  reply.headers(PRIVATE)
  sendProblem(reply, error.statusCode ?? 400, error.code === 'FST_ERR_BAD_URL' ? BAD_URL : error.message)
}

const BAD_URL = 'the path cannot be percent-decoded'

/** `application/problem+json` for all that goes wrong. */
export function answerErrors(app: Api, paths: AdminPaths): void {
  app.setErrorHandler((error, request, reply) => {
    // No route takes QUERY, and what is wrong with one is not its Content-Type.
    if (isUntaken(error)) return nothingThere(request, reply)
    const status = statusOf(error)
    if (error instanceof AdminError) return sendProblem(reply, status, error.message, error.members)
    if (status < 500)
      return sendProblem(reply, status, error instanceof Error ? error.message : String(error))
    log.error('admin.error', { method: request.method, route: request.routeOptions.url, error })
    return sendProblem(reply, status, 'the log has the reason')
  })
  app.setNotFoundHandler((request, reply) => nothingThere(request, reply))

  function nothingThere(request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const url = request.url.split('?')[0]!
    const methods = app.supportedMethods.filter(method => app.hasRoute({ method, url }))
    if (methods.length > 0 && !methods.includes(request.method)) {
      reply.header('Allow', methods.join(', '))
      return sendProblem(reply, 405, `expected ${methods.join(' or ')}`)
    }
    return sendProblem(reply, 404, `there are ${paths.names.join(', ')}`)
  }
}

function sendProblem(
  reply: FastifyReply,
  status: number,
  detail: string,
  members: Readonly<Record<string, unknown>> = {},
): FastifyReply {
  const { fields, body } = problem(status, { title: STATUS_CODES[status] ?? 'Error', detail }, members)
  for (let i = 0; i < fields.length; i += 2) reply.header(fields[i]!, fields[i + 1])
  // Fastify closes where a body was too large. What nobody has read of it would then reset the connection, and take
  // the answer along (RFC 9112 §9.6); of one that stays Node reads the rest, within the time that a request has.
  reply.removeHeader('connection')
  return reply.code(status).send(body)
}

function isUntaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'FST_ERR_ROUTE_MISSING_CONTENT_TYPE'
}

function statusOf(error: unknown): number {
  const { statusCode = 500, validation = null } = error as { statusCode?: number; validation?: unknown }
  return validation === null ? statusCode : 400
}
