import { fastify } from 'fastify'
import { accessOf, refusalOf } from '../api/access.ts'
import { PRIVATE, refusalBody, refusalFields } from '../api/guarded.ts'
import type { AdminAnswer } from '../api/answer.ts'
import type { Api, ApiPart, SchemaTypes } from '../api/api.ts'
import type { ApiKit } from './kit.ts'
import { serveConsole } from './console.ts'
import { serveDocument } from './openapi.ts'
import type { AdminPaths } from './paths.ts'
import { answerErrors, answerFrameworkError } from './problems.ts'
import { routes } from './routes.ts'
import type { Seen } from './seen.ts'
import { fields } from '../api/shapes/shape.ts'
import { Streams } from '../api/sse.ts'
import { Views } from './views/views.ts'
import { validationError, validatorOf } from '../api/validator.ts'

/** A name in a path may be of 253 characters and encoded, and there may be several (`httproute/default/items/0`). */
const LONGEST_PARAMETER = 2_048
/** The largest body is a request to explain, with its headers. */
const BODY_BYTES = 256 * 1024

/** The API as something that answers requests of a server that is there. `paths` are named to who asks for what is not. */
export async function makeApi(
  seen: Seen,
  paths: AdminPaths,
  parts: readonly ApiPart[],
): Promise<AdminAnswer> {
  const app: Api = fastify({
    bodyLimit: BODY_BYTES,
    frameworkErrors: answerFrameworkError,
    routerOptions: { maxParamLength: LONGEST_PARAMETER },
    schemaErrorFormatter: validationError,
    // Neither is needed, and so neither Fastify's ajv nor its serialisers are in the program.
    schemaController: {
      compilersFactory: {
        buildValidator: () => validatorOf,
        // Of V8, quicker than one that is made of a schema; tests hold answers to the document.
        buildSerializer: () => () => JSON.stringify,
      },
    },
  }).withTypeProvider<SchemaTypes>()
  // What is asked across sites without asking first is text (CORS); nothing here is.
  app.removeContentTypeParser('text/plain')
  guard(app)
  answerErrors(app, paths)
  takeNoOthers(app)
  serveDocument(app, seen.program.version)
  const audit: ApiKit['audit'] = async (request, act) => {
    for (const part of parts) await part.audit?.(request, act)
  }
  const kit: ApiKit = { seen, streams: new Streams(), views: new Views(seen), audit }
  for (const add of routes) add(app, kit)
  for (const part of parts) (await part.load())(app, kit)
  serveConsole(app)
  await app.ready()
  return (request, response) => app.routing(request, response)
}

/** A route that names no parameters has none, and one that says nothing of who may have it is a mistake. */
function takeNoOthers(app: Api): void {
  app.addHook('onRoute', route => {
    if (route.config?.isOpen !== true && route.config?.permission === undefined)
      throw new Error(`${String(route.method)} ${route.url} names no permission`)
    if (route.schema?.hide !== true) route.schema = { querystring: fields({}), ...route.schema }
  })
}

/**
 * Judged by the route that takes a request, never by its path: `/%761/status` is /v1/status. What is not open is for
 * those who may see it, or do it, unknown paths among it.
 */
function guard(app: Api): void {
  app.addHook('onRequest', (request, reply, next) => {
    const { isOpen = false, isReadOnly = false, permission = null } = request.routeOptions.config
    if (isOpen) return next()
    reply.headers(PRIVATE)
    const reads = request.method === 'GET' || request.method === 'HEAD' || isReadOnly
    const refusal = refusalOf(accessOf(request.raw), { permission, reads })
    if (refusal === null) return next()
    reply.code(refusal.status).headers(refusalFields(refusal)).send(refusalBody(refusal))
  })
}
