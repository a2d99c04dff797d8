import { IngressClass } from '../model/kinds/ingress-class.ts'
import type { FieldPath, Resource } from '../model/resource.ts'
import type { Resources } from '../model/resources.ts'
import { fieldOf } from '../model/words.ts'
import { BUILT_IN, type ClassState } from './gateway-classes.ts'

/** `spec.controller` of the IngressClasses that are ours. */
export const INGRESS_CONTROLLER = 'portcullis.dev/ingress'

/** Of an Ingress, since before there were IngressClasses: counts before `spec.ingressClassName`. */
const CLASS = 'kubernetes.io/ingress.class'
/** Of an IngressClass. */
const DEFAULT_CLASS = 'ingressclass.kubernetes.io/is-default-class'

/** The class that an Ingress names, and where. */
export interface NamedClass {
  readonly name: string
  readonly path: FieldPath
}

/** Tells of each Ingress, which need not be in order, whose its class is. */
export function ingressClassStates(
  resources: Resources,
): (ingress: Pick<Resource, 'metadata' | 'body'>) => ClassState {
  const classes = resources.all(IngressClass)
  const states = new Map(classes.map(one => [one.metadata.name, ingressClassState(one)]))
  if (!states.has(BUILT_IN)) states.set(BUILT_IN, 'served')
  const standard = defaultClass(classes)
  return ingress => {
    const named = classNamed(ingress)
    return named === null ? standard : (states.get(named.name) ?? 'missing')
  }
}

/** Null where it names none, and is of the default one. */
export function classNamed({ metadata, body }: Pick<Resource, 'metadata' | 'body'>): NamedClass | null {
  const annotation = metadata.annotations?.[CLASS]
  if (annotation !== undefined) return { name: annotation, path: ['metadata', 'annotations', CLASS] }
  const name = fieldOf(fieldOf(body, 'spec'), 'ingressClassName')
  return typeof name === 'string' ? { name, path: ['spec', 'ingressClassName'] } : null
}

export function ingressClassState({ body }: IngressClass): ClassState {
  const { controller = '', parameters } = body.spec ?? {}
  if (controller !== INGRESS_CONTROLLER) return 'foreign'
  return parameters === undefined ? 'served' : 'refused'
}

/** Whose Ingresses without a class are: of several defaults an API server takes the newest, and of one age the first by name. */
function defaultClass(classes: readonly IngressClass[]): ClassState {
  const marked = classes.filter(({ metadata }) => metadata.annotations?.[DEFAULT_CLASS] === 'true')
  const newest = marked.at(-1)?.metadata.creationTimestamp
  const chosen = marked.find(({ metadata }) => metadata.creationTimestamp === newest)
  return chosen === undefined ? 'missing' : ingressClassState(chosen)
}
