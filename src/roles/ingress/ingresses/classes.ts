import { Ingress } from '../../../model/kinds/ingress.ts'
import { IngressClass } from '../../../model/kinds/ingress-class.ts'
import type { FieldPath } from '../../../model/resource.ts'
import type { Resources } from '../../../model/resources.ts'
import { BUILT_IN, type ClassState } from '../../../translation/gateway-classes.ts'
import { missing } from '../../../translation/missing.ts'
import type { Report } from '../../../translation/report.ts'

/** `spec.controller` of the IngressClasses that are ours. */
const CONTROLLER = 'portcullis.dev/ingress'

/** Of an Ingress, since before there were IngressClasses: counts before `spec.ingressClassName`. */
const CLASS = 'kubernetes.io/ingress.class'
/** Of an IngressClass. */
const DEFAULT_CLASS = 'ingressclass.kubernetes.io/is-default-class'

const OURS = `expected the class ${BUILT_IN}, which needs no IngressClass, or one with the controller ${CONTROLLER}`

/** Which Ingresses are to be served here, the oldest first. */
export function ourIngresses(resources: Resources, report: Report): readonly Ingress[] {
  const all = resources.all(Ingress)
  const classes = resources.all(IngressClass)
  for (const one of classes) reportClass(one, report)
  if (all.length === 0) return all
  const states = new Map(classes.map(one => [one.metadata.name, stateOf(one)]))
  if (!states.has(BUILT_IN)) states.set(BUILT_IN, 'served')
  const standard = defaultClass(classes)
  const others = new Map<string, { readonly first: Ingress; count: number; readonly of: Named | null }>()
  const ours = all.filter(ingress => {
    const named = classNamed(ingress)
    const state = named === null ? standard : (states.get(named.name) ?? 'missing')
    if (state === 'served') return true
    if (state === 'refused') refuse(ingress, named, report)
    else count(others, ingress, named)
    return false
  })
  for (const { first, count: several, of } of others.values())
    tellOthers(first, several, of, ours.length === 0, resources, report)
  return ours
}

interface Named {
  readonly name: string
  readonly path: FieldPath
}

function classNamed({ metadata, body }: Ingress): Named | null {
  const annotation = metadata.annotations?.[CLASS]
  if (annotation !== undefined) return { name: annotation, path: ['metadata', 'annotations', CLASS] }
  const name = body.spec?.ingressClassName
  return name === undefined ? null : { name, path: ['spec', 'ingressClassName'] }
}

function stateOf({ body }: IngressClass): ClassState {
  const { controller = '', parameters } = body.spec ?? {}
  if (controller !== CONTROLLER) return 'foreign'
  return parameters === undefined ? 'served' : 'refused'
}

/** Whose Ingresses without a class are: of several defaults an API server takes the newest, and of one age the first by name. */
function defaultClass(classes: readonly IngressClass[]): ClassState {
  const marked = classes.filter(({ metadata }) => metadata.annotations?.[DEFAULT_CLASS] === 'true')
  const newest = marked.at(-1)?.metadata.creationTimestamp
  const chosen = marked.find(({ metadata }) => metadata.creationTimestamp === newest)
  return chosen === undefined ? 'missing' : stateOf(chosen)
}

function reportClass(one: IngressClass, report: Report): void {
  const state = stateOf(one)
  if (state === 'served') report.good(one, 'Accepted', 'Accepted', 'Ingresses of this class are served')
  if (state !== 'refused') return
  const message = 'this controller has no parameters; remove them'
  report.bad(one, 'Accepted', [{ reason: 'InvalidParameters', path: ['spec', 'parameters'], message }])
}

function refuse(ingress: Ingress, named: Named | null, report: Report): void {
  const message = 'the IngressClass is not accepted; its own condition says why'
  const path = named?.path ?? ['spec']
  report.bad(ingress, 'Accepted', [{ reason: 'Invalid', path, message, follows: true }])
}

function count(
  others: Map<string, { readonly first: Ingress; count: number; readonly of: Named | null }>,
  ingress: Ingress,
  named: Named | null,
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
  named: Named | null,
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
