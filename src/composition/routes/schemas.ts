import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Backends } from '../backends/backend.ts'
import { allowList } from '../schemas/allow-list.ts'
import type { Route } from './route.ts'

interface Owners {
  readonly backends: Backends
  readonly routes: readonly Route[]
}

type Named = Readonly<Record<string, TSchema | undefined>>

/** When a gateway is defined, and not when a request meets it: what a schema lets pass nobody sees in an answer that looks right. */
export const understandSchemas = (owners: Owners): void => hold(owners, allowList)

/** That checks can be made of them, which takes its time: for who asks what a gateway is. */
export const compileSchemas = (owners: Owners): void => hold(owners, schema => void Compile(schema))

/** Throws a TypeError that names the route, or the backend. */
function hold({ backends, routes }: Owners, work: (schema: TSchema) => unknown): void {
  for (const route of routes) holdAll(`${route.method} ${route.path}`, schemasOf(route), work)
  for (const [name, { socket }] of Object.entries(backends))
    if (socket !== undefined)
      holdAll(`backend ${name}`, { receives: socket.receives, sends: socket.sends }, work)
}

function holdAll(owner: string, schemas: Named, work: (schema: TSchema) => unknown): void {
  for (const [name, schema] of Object.entries(schemas)) {
    if (schema === undefined) continue
    try {
      work(schema)
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause)
      throw new TypeError(`${owner}: ${name} has ${message}`, { cause })
    }
  }
}

/** By what the route calls them. */
function schemasOf({ options }: Route): Named {
  const { params, query, headers, body } = options.in ?? {}
  return {
    'in.params': params,
    'in.query': query,
    'in.headers': headers,
    'in.body': body,
    out: 'out' in options ? options.out : undefined,
    receives: 'receives' in options ? options.receives : undefined,
    sends: 'sends' in options ? options.sends : undefined,
  }
}
