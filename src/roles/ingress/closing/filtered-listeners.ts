import type { Closing } from '../../../translation/closing.ts'
import type { GatewayState } from '../gateway/gateway-state.ts'
import { originOf } from '../origin.ts'

/** Closes listeners with filters, which are not served (gateway/listener-filters.ts). */
export function closeFiltered(gateways: ReadonlyMap<string, GatewayState>, closing: Closing): void {
  for (const { listeners } of gateways.values())
    for (const { name, owner, spec, unserved } of listeners) {
      const [flaw] = unserved
      if (flaw === undefined) continue
      const { message, path } = flaw
      const place = { at: { listener: name }, object: owner, section: spec.name, path }
      closing.close(place, originOf(owner, path), { message, follows: true })
    }
}
