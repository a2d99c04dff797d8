import type { Backends } from '../backends/backend.ts'
import { Router } from './router.ts'
import type { After, Before, FailureRule, Route, Routes } from './route.ts'
import type { ProxyRoute } from './proxy.ts'
import { routesOf } from './routes.ts'
import { understandSchemas } from './schemas.ts'
import { PathTemplate } from './template.ts'

export interface GatewayOptions<B extends Backends> {
  /** What the API is called in its OpenAPI document, and which version of it this is. */
  readonly title?: string
  readonly version?: string
  readonly backends: B
  /** One after another, or several in a list of their own. */
  readonly routes: (r: Routes<B>) => readonly (Route | readonly Route[])[]
  /** How long a request may take: 30,000 where it is left out, Infinity for any time. */
  readonly timeoutMs?: number
  /** What of that calls do not get, so that an answer can be made of what they brought: 50 where it is left out, a tenth of the time at most. */
  readonly mergeMs?: number
  /** How long the body of a request may be: 1 MiB where it is left out. */
  readonly limitBytes?: number
  readonly failures?: readonly FailureRule<keyof B & string>[]
  readonly before?: readonly Before[]
  readonly after?: readonly After[]
}

/** An API that is composed of others. It is data: what runs it is the engine, of a test or of a gateway. */
export interface Gateway<B extends Backends = Backends> {
  readonly title: string
  readonly version: string
  readonly backends: B
  readonly routes: readonly Route[]
  readonly router: Router
  readonly timeoutMs: number
  readonly mergeMs: number
  readonly limitBytes: number
  readonly failures: readonly FailureRule[]
  readonly before: readonly Before[]
  readonly after: readonly After[]
}

/**
 * An API for one kind of client, made of the APIs of backends. Throws a TypeError where it cannot be one: a path that is
 * no template, two routes of the same method and shape, a parameter that is not in its path, a schema of which it is not
 * known what it lets pass, or that is none.
 *
 * @example
 * export const gateway = defineGateway({
 *   backends: { users: rest<Users>({ url: 'http://users', timeoutMs: 800 }) },
 *   routes: r => [
 *     r.get('/me/{id}', {
 *       out: T.Object({ name: T.String() }),
 *       run: async ({ c, params }) => await c.users.get('/users/{id}', { path: { id: params.id } }),
 *     }),
 *   ],
 * })
 */
export function defineGateway<const B extends Backends>(options: GatewayOptions<B>): Gateway<B> {
  const routes = options.routes(routesOf(options.backends)).flat()
  understandSchemas({ backends: options.backends, routes })
  for (const route of routes) if (route.kind === 'proxy') checkProxy(route, options.backends)
  const timeoutMs = options.timeoutMs ?? 30_000
  const gateway: Gateway<B> = Object.freeze({
    title: options.title ?? 'composed API',
    version: options.version ?? '0',
    backends: options.backends,
    routes,
    router: new Router(routes),
    timeoutMs,
    mergeMs: options.mergeMs ?? 50,
    limitBytes: options.limitBytes ?? 1024 * 1024,
    failures: options.failures ?? [],
    before: options.before ?? [],
    after: options.after ?? [],
  })
  for (const route of routes) if (route.kind === 'transcoded') Object.freeze(route.template)
  for (const route of routes) Object.freeze(route)
  Object.freeze(routes)
  defined.add(gateway)
  return gateway
}

const defined = new WeakSet<Gateway>()

/** Whether it is what `defineGateway` has made, and no copy of that with something else in it. */
export const isAsDefined = (gateway: Gateway): boolean => defined.has(gateway)

function checkProxy({ path, backend, options }: ProxyRoute, backends: Backends): void {
  const { protocol } = backends[backend] ?? {}
  if (protocol === undefined || protocol === 'grpc')
    throw new TypeError(`proxy ${path}: "${backend}" is no backend that speaks HTTP`)
  const names = new PathTemplate(path).names
  for (const name of new PathTemplate(options.rewrite ?? '/').names)
    if (!names.includes(name))
      throw new TypeError(`proxy ${path}: rewrite has "${name}", which is not in the path`)
}
