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
  /** By kind and hostname. */
  private readonly claims = new Map<string, Claim>()
  /** The first claim of a kind to a hostname or to something below it: thousands of routes are compared with thousands. */
  private readonly within = new Map<string, Claim>()

  /** Routes come the oldest first, so that the first one of a hostname is the one to name. */
  add(hostname: string, route: Owner): void {
    const claim = { hostname, route }
    setFirst(this.claims, `${route.kind} ${hostname}`, claim)
    for (const wider of coveringHostnames(hostname)) setFirst(this.within, `${route.kind} ${wider}`, claim)
  }

  /** Who of the other kind has a name in common with this hostname. */
  rivalOf(route: Owner, hostname: string): Claim | null {
    const other = route.kind === 'GRPCRoute' ? 'HTTPRoute' : 'GRPCRoute'
    const below = this.within.get(`${other} ${hostname}`)
    if (below !== undefined) return below
    for (const wider of coveringHostnames(hostname)) {
      const claim = this.claims.get(`${other} ${wider}`)
      if (claim !== undefined) return claim
    }
    return null
  }
}

function setFirst(map: Map<string, Claim>, key: string, claim: Claim): void {
  if (!map.has(key)) map.set(key, claim)
}
