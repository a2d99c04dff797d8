import type { Route } from '../routes/route.ts'
import type { CompiledRoute, Surroundings } from './compiled-route.ts'
import { Composed } from './composed.ts'

type Answering<K extends Route['kind']> = new (
  route: Extract<Route, { readonly kind: K }>,
  around: Surroundings,
) => CompiledRoute

/** What answers requests, by the kind of their route. */
const kinds: { readonly [K in Route['kind']]: Answering<K> } = {
  composed: Composed,
}

export function compiled(route: Route, around: Surroundings): CompiledRoute {
  const Kind: Answering<Route['kind']> = kinds[route.kind]
  return new Kind(route, around)
}
