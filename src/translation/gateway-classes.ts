import { Gateway } from '../model/kinds/gateway.ts'
import { GatewayClass } from '../model/kinds/gateway-class.ts'
import { keyOf, type Resources } from '../model/resources.ts'

/** `spec.controllerName` of the GatewayClasses that are ours. */
export const CONTROLLER = 'portcullis.dev/gateway'

/** A Gateway of this class needs no GatewayClass object. */
export const BUILT_IN = 'portcullis'

/** Whose a class is: ours and served, ours and refused, another controller's, or not declared at all. */
export type ClassState = 'served' | 'refused' | 'foreign' | 'missing'

/** Tells of each class name whose it is; whether its parameters are in order the role tells that translates it. */
export function classStates(resources: Resources): (name: string) => ClassState {
  const states = new Map<string, ClassState>([[BUILT_IN, 'served']])
  for (const gatewayClass of resources.all(GatewayClass))
    states.set(gatewayClass.metadata.name, classStateOf(gatewayClass))
  return name => states.get(name) ?? 'missing'
}

export function classStateOf({ body }: GatewayClass): ClassState {
  return body.spec.controllerName === CONTROLLER ? 'served' : 'foreign'
}

/** The Gateways of our classes, the oldest first, by their keys. */
export function ourGateways(resources: Resources): ReadonlyMap<string, { readonly gateway: Gateway }> {
  const stateOf = classStates(resources)
  const ours = resources.all(Gateway).filter(({ body }) => isOurs(stateOf(body.spec.gatewayClassName)))
  return new Map(ours.map(gateway => [keyOf(gateway), { gateway }]))
}

export function isOurs(state: ClassState): boolean {
  return state === 'served' || state === 'refused'
}
