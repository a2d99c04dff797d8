import type { Route } from '../routes/route.ts'
import { Transcoded } from '../transcode/transcoded.ts'
import type { CompiledRoute, Surroundings } from './compiled-route.ts'
import { Composed } from './composed.ts'
import { Filtering } from './filtering.ts'
import { Proxied } from './proxied.ts'
import { Socketed } from './socketed.ts'
import { Streamed } from './streamed.ts'

type Compile<K extends Route['kind']> = (
  route: Extract<Route, { readonly kind: K }>,
  around: Surroundings,
) => CompiledRoute

/** What answers requests, by the kind of their route. */
const kinds: { readonly [K in Route['kind']]: Compile<K> } = {
  composed: (route, around) => new Composed(route, around),
  stream: (route, around) => new Streamed(route, around),
  websocket: (route, around) => new Socketed(route, around),
  proxy: (route, around) => new Proxied(route, around),
  transcoded: (route, around) => new Transcoded(route, around),
  filter: (route, around) => new Filtering(route, around),
}

export const compiled = (route: Route, around: Surroundings): CompiledRoute =>
  (kinds[route.kind] as (route: Route, around: Surroundings) => CompiledRoute)(route, around)
