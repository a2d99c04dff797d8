import { GRPCRoute } from '../../../model/kinds/grpc-route.ts'
import { HTTPRoute } from '../../../model/kinds/http-route.ts'
import { TLSRoute } from '../../../model/kinds/tls-route.ts'
import { refKey } from '../../../model/resources.ts'
import type { ListenerState } from '../gateway/listeners.ts'
import { listenersFor, parentsOf, type Attaching } from '../routes/attach.ts'
import { onListener } from '../routes/hostnames.ts'

/** The hostnames that the routes of each listener bring to it, on listeners that have no one hostname of their own. */
export function routeHostnames(
  world: Attaching,
  listeners: ReadonlySet<ListenerState>,
): ReadonlyMap<ListenerState, ReadonlySet<string>> {
  const found = new Map<ListenerState, Set<string>>()
  const open = new Set([...listeners].filter(({ hostname }) => hostname === '' || hostname.startsWith('*')))
  if (open.size === 0) return found
  const { resources } = world
  const routes = [...resources.all(HTTPRoute), ...resources.all(GRPCRoute), ...resources.all(TLSRoute)]
  for (const route of routes)
    for (const parent of parentsOf(world, route)) {
      const served = world.parents.get(refKey(parent.carrier.parent))
      const taking = served === undefined ? [] : listenersFor(world, route, parent, served)
      for (const listener of 'reason' in taking ? [] : taking) {
        if (!open.has(listener)) continue
        const names = found.get(listener) ?? new Set()
        found.set(listener, names)
        for (const name of onListener(listener.hostname, route.body.spec.hostnames ?? []).keys())
          names.add(name)
      }
    }
  return found
}
