import type { GRPCRoute, HTTPRoute } from '../../model/kinds.ts'
import { intersect } from './hostnames.ts'

export type Owner = HTTPRoute | GRPCRoute

interface Rival {
  readonly hostname: string
  readonly route: Owner
}

/**
 * Which routes have the hostnames of one listener. Where the hostnames of an HTTPRoute
 * and of a GRPCRoute have a name in common, the older one has it, and the other is not
 * accepted there (GRPCRouteSpec.hostnames); routes of one kind share them.
 */
export class Owners {
  private readonly names = new Map<string, Owner>()
  /** Those with an asterisk, and "" for any. */
  private readonly patterns = new Map<string, Owner>()

  /** Routes come the oldest first, so that the first one of a hostname is the one to name. */
  add(hostname: string, route: Owner): void {
    const map = isName(hostname) ? this.names : this.patterns
    if (!map.has(hostname)) map.set(hostname, route)
  }

  /** Who of the other kind has a name in common with this hostname. */
  rivalOf(route: Owner, hostname: string): Rival | null {
    const same = this.names.get(hostname)
    if (same !== undefined && same.kind !== route.kind) return { hostname, route: same }
    // A name has nothing in common with another name, and of those there may be thousands.
    const others = isName(hostname) ? [this.patterns] : [this.patterns, this.names]
    for (const map of others)
      for (const [theirs, owner] of map)
        if (owner.kind !== route.kind && intersect(theirs, hostname) !== null)
          return { hostname: theirs, route: owner }
    return null
  }
}

function isName(hostname: string): boolean {
  return hostname !== '' && !hostname.startsWith('*.')
}
