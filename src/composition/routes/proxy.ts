import type { Backends } from '../backends/backend.ts'
import type { BaseRoute, CommonOptions, In } from './common.ts'

export interface ProxyOptions<B extends Backends, I extends In> extends CommonOptions<B, I> {
  /** The backend's path, with names of the route's: `/v1/{rest=**}`. Where it is left out, the path as it came. */
  readonly rewrite?: string
}

/** A route that passes requests of any method on as they are, and answers back, both as they come. */
export interface ProxyRoute extends BaseRoute {
  readonly kind: 'proxy'
  readonly backend: string
  readonly options: ProxyOptions<Backends, In>
}

/** Of a backend that speaks HTTP, by its name. */
export type AddProxy<B extends Backends> = <const P extends string, I extends In = Record<never, never>>(
  path: P,
  backend: keyof B & string,
  options?: ProxyOptions<B, I>,
) => ProxyRoute
