import { Ingress } from '../../../model/kinds/ingress.ts'
import { IngressClass } from '../../../model/kinds/ingress-class.ts'
import type { Resources } from '../../../model/resources.ts'
import { BUILT_IN } from '../../../translation/gateway-classes.ts'
import {
  classNamed,
  INGRESS_CONTROLLER,
  ingressClassState,
  ingressClassStates,
  type NamedClass,
} from '../../../translation/ingress-classes.ts'
import { missing } from '../../../translation/missing.ts'
import type { Report } from '../../../translation/report.ts'

const OURS = `expected the class ${BUILT_IN}, which needs no IngressClass, or one with the controller ${INGRESS_CONTROLLER}`

/** Which Ingresses are to be served here, the oldest first. */
export function ourIngresses(resources: Resources, report: Report): readonly Ingress[] {
  const all = resources.all(Ingress)
  const classes = resources.all(IngressClass)
  for (const one of classes) reportClass(one, report)
  if (all.length === 0) return all
  const stateOf = ingressClassStates(resources)
  const others = new Map<string, { readonly first: Ingress; count: number; readonly of: NamedClass | null }>()
  const ours = all.filter(ingress => {
    const named = classNamed(ingress)
    const state = stateOf(ingress)
    if (state === 'served') return true
    if (state === 'refused') refuse(ingress, named, report)
    else count(others, ingress, named)
    return false
  })
  for (const { first, count: several, of } of others.values())
    tellOthers(first, several, of, ours.length === 0, resources, report)
  return ours
}

function reportClass(one: IngressClass, report: Report): void {
  const state = ingressClassState(one)
  if (state === 'served') report.good(one, 'Accepted', 'Accepted', 'Ingresses of this class are served')
  if (state !== 'refused') return
  const message = 'this controller has no parameters; remove them'
  report.bad(one, 'Accepted', [{ reason: 'InvalidParameters', path: ['spec', 'parameters'], message }])
}

function refuse(ingress: Ingress, named: NamedClass | null, report: Report): void {
  const message = 'the IngressClass is not accepted; its own condition says why'
  const path = named?.path ?? ['spec']
  report.bad(ingress, 'Accepted', [{ reason: 'Invalid', path, message, follows: true }])
}

function count(
  others: Map<string, { readonly first: Ingress; count: number; readonly of: NamedClass | null }>,
  ingress: Ingress,
  named: NamedClass | null,
): void {
  const key = named?.name ?? ''
  const known = others.get(key)
  if (known === undefined) others.set(key, { first: ingress, count: 1, of: named })
  else known.count++
}

/** Once for each class: a cluster may have thousands of another controller. */
function tellOthers(
  first: Ingress,
  several: number,
  named: NamedClass | null,
  alone: boolean,
  resources: Resources,
  report: Report,
): void {
  const rest = several > 1 ? ` (${several} in all)` : ''
  const why =
    named === null
      ? 'it names no class, and no IngressClass of ours is the default'
      : resources.get(IngressClass, '', named.name) === undefined
        ? missing(resources, IngressClass, '', named.name).message
        : `class ${named.name} is of another controller`
  report.doubt(first, {
    severity: alone ? 'error' : 'warning',
    reason: named === null ? 'NoClass' : 'ForeignClass',
    path: named?.path ?? ['spec'],
    message: `${why}, and so this Ingress is not served here${rest}; ${OURS}`,
  })
}
