import { refOf } from '../../../model/resources.ts'
import type { GatewayServiceWant } from '../../../translation/gateway-services.ts'
import type { Flaw } from '../../../translation/report.ts'
import { isUsable, type GatewayState } from './gateway-state.ts'
import { isServed, transportPort } from './listeners.ts'

/** Why a Gateway cannot be reached yet; null where it can, or has no Service of its own. */
export function unreached({ service }: GatewayState): Flaw | null {
  if (service === null) return null
  const { title, reached, address, problem, waits, targets } = service
  const flaw = (reason: string, message: string): Flaw => ({
    reason,
    path: address === null ? ['spec'] : ['spec', 'addresses', 0],
    message,
    follows: true,
  })
  if (problem !== '') return flaw('Invalid', `${title}: ${problem}`)
  if (targets.size === 0) return flaw('Pending', `${title} is still to be made for it`)
  if (waits !== '') return flaw('Pending', waits)
  if (reached.length === 0) return flaw('AddressNotAssigned', `${title} has no address yet`)
  return address === null || reached.includes(address)
    ? null
    : flaw('AddressNotUsable', `${title} was given ${reached.join(', ')} in place of ${address}`)
}

/** Listeners whose port the Service does not have yet wait for it. */
export function awaitTargets({ service, listeners }: GatewayState): void {
  if (service === null) return
  for (const listener of listeners)
    if (isServed(listener) && !service.targets.has(transportPort(listener.spec)))
      listener.pending.push({
        reason: 'Pending',
        path: [...listener.path, 'port'],
        message: `${service.title} does not have port ${listener.spec.port} for it yet`,
        follows: true,
      })
}

/** What the leader makes of the Gateways; of those that are there and not served what they have is kept. */
export function wantedServices(states: Iterable<GatewayState>): readonly GatewayServiceWant[] {
  return [...states].flatMap(state => {
    const { gateway, service, listeners } = state
    if (service === null) return []
    const { infrastructure = {}, gatewayClassName } = gateway.body.spec
    const { labels = {}, annotations = {} } = infrastructure
    const served = isUsable(state) ? listeners.filter(isServed) : []
    const ports = [...new Set(served.map(({ spec }) => transportPort(spec)))]
    const { name, address, type, dataPlane } = service
    return {
      gateway: refOf(gateway),
      gatewayClass: gatewayClassName,
      name,
      ports,
      labels,
      annotations,
      address,
      type,
      dataPlane,
    }
  })
}
