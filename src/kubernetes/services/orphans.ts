import { GATEWAY_API } from '../../model/kind.ts'
import { Gateway } from '../../model/kinds/gateway.ts'
import type { ResourceRef } from '../../model/resource.ts'
import { refKey, type Resources } from '../../model/resources.ts'
import { classStates } from '../../translation/gateway-classes.ts'

/**
 * Whether a Gateway (`default/front`) is gone, or another controller's now. One that is only broken is there, and so is one
 * that has come and is not in force yet (`isThere`).
 */
export function goneGateways(
  resources: Resources,
  isThere: (ref: ResourceRef) => boolean,
): (key: string) => boolean {
  const classOf = classStates(resources)
  return key => {
    const gateway = refOfKey(key)
    const there = resources.get(Gateway, gateway.namespace, gateway.name)
    return there === undefined
      ? !resources.refusals.has(refKey(gateway)) && !isThere(gateway)
      : classOf(there.body.spec.gatewayClassName) === 'foreign'
  }
}

function refOfKey(key: string): ResourceRef {
  const [namespace = '', name = ''] = key.split('/')
  return { group: GATEWAY_API, kind: 'Gateway', namespace, name }
}
