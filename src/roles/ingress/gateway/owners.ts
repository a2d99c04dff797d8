import type { GRPCRoute } from '../../../model/kinds/grpc-route.ts'
import type { HTTPRoute } from '../../../model/kinds/http-route.ts'
import { coveringHostnames } from '../../../snapshot/hostnames.ts'

export type Owner = HTTPRoute | GRPCRoute

/** Who has a hostname. */
interface Claim {
  readonly hostname: string
  readonly route: Owner
}

/**
 * Which routes have the hostnames of one listener. Where the hostnames of an HTTPRoute
 * and of a GRPCRoute have a name in common, the older one has it, and the other is not
 * accepted there (GRPCRouteSpec.hostnames); routes of one kind share them.
 */
export class Owners {
  private readonly kinds = new Map<Owner['kind'], Claims>()

  /** Routes come the oldest first, so that the first one of a hostname is the one to name. */
  add(hostname: string, route: Owner): void {
    let own = this.kinds.get(route.kind)
    if (own === undefined) this.kinds.set(route.kind, (own = { to: new Map(), within: new Map() }))
    // Whoever claimed it first has claimed what is above it as well: thousands of routes share a hostname.
    if (own.to.has(hostname)) return
    const claim = { hostname, route }
    own.to.set(hostname, claim)
    for (const wider of coveringHostnames(hostname)) if (!own.within.has(wider)) own.within.set(wider, claim)
  }

  /** Who of the other kind has a name in common with this hostname. */
  rivalOf(route: Owner, hostname: string): Claim | null {
    const other = this.kinds.get(route.kind === 'GRPCRoute' ? 'HTTPRoute' : 'GRPCRoute')
    if (other === undefined) return null
    const below = other.within.get(hostname)
    if (below !== undefined) return below
    for (const wider of coveringHostnames(hostname)) {
      const claim = other.to.get(wider)
      if (claim !== undefined) return claim
    }
    return null
  }
}

/** The first ones of routes of one kind. */
interface Claims {
  readonly to: Map<string, Claim>
  /** To a hostname or to something below it: thousands of routes are compared with thousands. */
  readonly within: Map<string, Claim>
}
