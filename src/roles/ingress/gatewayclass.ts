import type { Resources } from '../../model/resources.ts'
import type { Report } from './conditions.ts'

/** `spec.controllerName` of the GatewayClasses that are ours. */
const CONTROLLER = 'portcullis.dev/gateway'

/** A Gateway of this class needs no GatewayClass object. */
const BUILT_IN = 'portcullis'

/** Whose a class is: ours and served, ours and refused, another controller's, or not declared at all. */
export type ClassState = 'served' | 'refused' | 'foreign' | 'missing'

/** Judges every GatewayClass of ours, and tells of each class name whose it is. */
export function gatewayClasses(resources: Resources, report: Report): (name: string) => ClassState {
  const states = new Map<string, ClassState>([[BUILT_IN, 'served']])
  for (const gatewayClass of resources.all('GatewayClass')) {
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
