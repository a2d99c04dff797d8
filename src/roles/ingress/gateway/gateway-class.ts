import { Gateway } from '../../../model/kinds/gateway.ts'
import { GatewayClass } from '../../../model/kinds/gateway-class.ts'
import { formatPosition } from '../../../model/problem.ts'
import type { Resources } from '../../../model/resources.ts'
import type { Report } from '../../../translation/report.ts'

/** `spec.controllerName` of the GatewayClasses that are ours. */
const CONTROLLER = 'portcullis.dev/gateway'

/** A Gateway of this class needs no GatewayClass object. */
export const BUILT_IN = 'portcullis'

/** Whose a class is: ours and served, ours and refused, another controller's, or not declared at all. */
export type ClassState = 'served' | 'refused' | 'foreign' | 'missing'

/** Judges every GatewayClass of ours, and tells of each class name whose it is. */
export function gatewayClasses(resources: Resources, report: Report): (name: string) => ClassState {
  const states = new Map<string, ClassState>([[BUILT_IN, 'served']])
  for (const gatewayClass of resources.all(GatewayClass)) {
    const { controllerName, parametersRef } = gatewayClass.body.spec
    const state = controllerName !== CONTROLLER ? 'foreign' : parametersRef ? 'refused' : 'served'
    states.set(gatewayClass.metadata.name, state)
    if (state === 'served')
      report.good(gatewayClass, 'Accepted', 'Accepted', 'Gateways of this class are served')
    if (state === 'refused') {
      const message =
        'this controller has no parameters; remove parametersRef, and attach a ClientPolicy to the Gateway instead'
      report.bad(gatewayClass, 'Accepted', [
        { reason: 'InvalidParameters', path: ['spec', 'parametersRef'], message },
      ])
    }
  }
  return name => states.get(name) ?? 'missing'
}

/** Gateways that another controller is to serve; where there are no others, nothing at all would be served here. */
export function doubtClasses(
  resources: Resources,
  classOf: (name: string) => ClassState,
  report: Report,
): void {
  const gateways = resources.all(Gateway)
  // One that cannot be read may be ours.
  const hidden = resources.refusalOfAny(Gateway) !== null || resources.unread !== null
  const foreign = gateways.filter(({ body }) => classOf(body.spec.gatewayClassName) === 'foreign')
  for (const gateway of foreign)
    report.doubt(gateway, {
      severity: foreign.length === gateways.length && !hidden ? 'error' : 'warning',
      reason: 'ForeignClass',
      path: ['spec', 'gatewayClassName'],
      message: foreignText(gateway.body.spec.gatewayClassName, resources),
    })
  if (gateways.length === 0 && !hidden)
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
