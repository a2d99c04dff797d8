import { Gateway } from '../../../model/kinds/gateway.ts'
import { GatewayClass } from '../../../model/kinds/gateway-class.ts'
import { Ingress } from '../../../model/kinds/ingress.ts'
import { formatPosition } from '../../../model/problem.ts'
import type { Resources } from '../../../model/resources.ts'
import {
  BUILT_IN,
  classStateOf,
  classStates,
  CONTROLLER,
  type ClassState,
} from '../../../translation/gateway-classes.ts'
import { isFull, type Report } from '../../../translation/report.ts'
import type { Parameters } from './parameters.ts'

/** Judges every GatewayClass of ours, and tells of each class name whose it is. */
export function gatewayClasses(
  resources: Resources,
  parameters: Parameters,
  report: Report,
): (name: string) => ClassState {
  const refused = new Set<string>()
  for (const gatewayClass of resources.all(GatewayClass)) {
    if (classStateOf(gatewayClass) === 'foreign') continue
    const flaws = parameters.flawsOf(gatewayClass)
    if (isFull(flaws)) {
      refused.add(gatewayClass.metadata.name)
      report.bad(gatewayClass, 'Accepted', flaws)
    } else report.good(gatewayClass, 'Accepted', 'Accepted', 'Gateways of this class are served')
  }
  const stateOf = classStates(resources)
  return name => (refused.has(name) ? 'refused' : stateOf(name))
}

/** Gateways that another controller is to serve; where there are no others, and no Ingresses, nothing at all would be served here. */
export function doubtClasses(
  resources: Resources,
  classOf: (name: string) => ClassState,
  ingresses: boolean,
  report: Report,
): void {
  const gateways = resources.all(Gateway)
  // One that cannot be read may be ours.
  const hidden = resources.refusalOfAny(Gateway) !== null || resources.unread !== null
  const foreign = gateways.filter(({ body }) => classOf(body.spec.gatewayClassName) === 'foreign')
  for (const gateway of foreign)
    report.doubt(gateway, {
      severity: foreign.length === gateways.length && !hidden && !ingresses ? 'error' : 'warning',
      reason: 'ForeignClass',
      path: ['spec', 'gatewayClassName'],
      message: foreignText(gateway.body.spec.gatewayClassName, resources),
    })
  // What is wrong with Ingresses is told of them.
  if (gateways.length === 0 && !hidden && resources.all(Ingress).length === 0)
    report.absence('error', 'NoGateway', 'there is no Gateway: nothing would be served')
}

function foreignText(name: string, resources: Resources): string {
  const found = resources.get(GatewayClass, '', name)
  const at = found?.at(['spec', 'controllerName'])
  const place = at == null ? '' : ` (${formatPosition(at)})`
  return `class ${name}${place} is of another controller, ${found?.body.spec.controllerName ?? ''}, and so this Gateway is not served here; ${OURS}`
}

/** What makes a class ours. */
export const OURS = `expected the class ${BUILT_IN}, which needs no GatewayClass, or one with the controllerName ${CONTROLLER}`
