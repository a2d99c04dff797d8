import {
  foreignAnnotation,
  type AnnotationScope,
  type ForeignAnnotation,
} from '../../../model/foreign-annotations.ts'
import { Ingress } from '../../../model/kinds/ingress.ts'
import { Service } from '../../../model/kinds/service.ts'
import type { FieldPath, Resource } from '../../../model/resource.ts'
import { refOf, type Resources } from '../../../model/resources.ts'
import type { Closing } from '../../../translation/closing.ts'
import { policyName } from '../../../translation/policies.ts'
import { isFull, type Report } from '../../../translation/report.ts'
import { ingressTarget, wholeOf, type Targetable } from '../../../translation/targetable.ts'
import { originOf } from '../origin.ts'
import { routeKinds } from '../routes/route.ts'
import type { Served } from './served-objects.ts'
import { isMaster, sharedBy } from './shared-by-ingresses.ts'

/** An annotation of another controller. */
interface Found extends ForeignAnnotation {
  readonly name: string
  readonly path: FieldPath
}

/** The first Ingress with an annotation that is for all with the same host, or of the same group. */
interface Sharing {
  readonly carrier: Ingress
  readonly one: Found
}

const none: readonly Found[] = []

/** Resources stay the same object until they change, and most of 20,000 have none. */
const known = new WeakMap<Resource, readonly Found[]>()

/**
 * Closes routes, Ingresses and Services whose annotations would have another controller protect them: whoever moves
 * them here without reading each must not open them. Of all other annotations of these controllers, on routes and
 * Ingresses, there is a warning for each name.
 */
export function closeAnnotated(
  resources: Resources,
  ingresses: readonly Ingress[],
  served: () => Served,
  ignored: readonly string[],
  closing: Closing,
  report: Report,
): void {
  const kinds = [...routeKinds, Ingress, Service]
  const annotated = kinds
    .flatMap(kind => resources.all<Resource>(kind))
    .filter(one => foundIn(one).length > 0)
  if (annotated.length === 0) return
  const notes = new Notes(report)
  const closed = new Set<Resource>()
  for (const resource of annotated) {
    // What nothing of ours leads to is for others.
    const [target] = served().named(refOf(resource))
    if (target?.resource !== resource) continue
    const closes = foundIn(resource).filter(one => one.instead !== null && !isIgnored(one.name, ignored))
    if (isFull(closes)) {
      close(target, closes, closing, report)
      closed.add(resource)
    }
    for (const one of foundIn(resource)) {
      if (closes.includes(one)) continue
      if (one.instead !== null)
        notes.add(resource, one, 'Ignored', 'it is ignored, as --ignore-annotation says')
      else if (resource.kind !== Service.kind)
        notes.add(resource, one, 'ForeignAnnotation', 'it is not read here, and changes nothing')
    }
  }
  closeSharing(ingresses, closed, ignored, closing)
  notes.tell()
}

/** Closes the Ingresses that have nothing of their own that protects them, and share a host or a group with one that has. */
function closeSharing(
  ingresses: readonly Ingress[],
  closed: ReadonlySet<Resource>,
  ignored: readonly string[],
  closing: Closing,
): void {
  if (closed.size === 0) return
  const shared = new Map<string, Sharing>()
  for (const carrier of ingresses.filter(one => closed.has(one)))
    for (const one of foundIn(carrier)) {
      if (one.instead === null || isIgnored(one.name, ignored)) continue
      for (const key of sharedBy(carrier, one.scope)) if (!shared.has(key)) shared.set(key, { carrier, one })
    }
  if (shared.size === 0) return
  for (const ingress of ingresses) {
    if (closed.has(ingress)) continue
    const keys = (['host', 'group'] as const).flatMap(scope => sharedBy(ingress, scope))
    const by = keys.flatMap(key => shared.get(key) ?? [])[0]
    if (by !== undefined) closeBy(by, ingress, closing)
  }
}

function closeBy({ carrier, one }: Sharing, ingress: Ingress, closing: Closing): void {
  const of = `${one.name} of ${one.controller}, of Ingress ${policyName(carrier)}`
  const message = `${of}, may protect all ${sharers[one.scope]}, and is not read here; answered 500 (protection_missing)`
  closing.close(wholeOf(ingressTarget(ingress)), originOf(carrier, one.path), { message })
}

const sharers: Readonly<Record<AnnotationScope, string>> = {
  object: '',
  host: 'Ingresses of its hosts',
  group: 'Ingresses of its group',
}

function foundIn(resource: Resource): readonly Found[] {
  const { annotations } = resource.metadata
  if (annotations === undefined) return none
  let found = known.get(resource)
  if (found === undefined) known.set(resource, (found = find(annotations, isMaster(resource))))
  return found
}

function find(annotations: Readonly<Record<string, string>>, ofMaster: boolean): readonly Found[] {
  const found = Object.entries(annotations).flatMap(([name, value]) => {
    const foreign = foreignAnnotation(name, value)
    if (foreign === null) return []
    const scope = ofMaster ? 'host' : foreign.scope
    return [{ ...foreign, scope, name, path: ['metadata', 'annotations', name] }]
  })
  return found.length === 0 ? none : found
}

function isIgnored(name: string, ignored: readonly string[]): boolean {
  return ignored.includes(name) || ignored.includes(`${name.slice(0, name.indexOf('/'))}/*`)
}

function close(
  target: Targetable,
  found: readonly [Found, ...Found[]],
  closing: Closing,
  report: Report,
): void {
  const whole = wholeOf(target)
  const { resource } = target
  const [{ name, path, controller }] = found
  const message = `${name} of ${controller} may protect it, and is not read here; answered 500 (protection_missing)`
  closing.close({ ...whole, path }, originOf(resource, path), { message })
  const flaws = found.map(one => ({
    reason: 'ForeignAnnotation',
    path: one.path,
    message: textOf(one, resource, whole.what),
  }))
  if (isFull(flaws)) report.bad(resource, 'Enforced', flaws)
}

function textOf({ name, controller, instead, scope }: Found, resource: Resource, whole: string): string {
  const isIngress = resource.kind === Ingress.kind
  const isShared = isIngress && sharedBy(resource as Ingress, scope).length > 0
  const what = isShared ? `${whole} and all ${sharers[scope]}` : whole
  // No policy of ours is for an Ingress.
  const route = isIngress ? 'an HTTPRoute with ' : ''
  const advice = instead === null || instead === '' ? 'remove it' : `write ${route}${instead} in its place`
  return `it is for ${controller}, may protect ${what}, and is not read here; that is closed instead: answered 500 (protection_missing); ${advice}, or give --ignore-annotation ${name}`
}

/** What is told once for each annotation: a cluster may have thousands of each. */
class Notes {
  private readonly report: Report
  private readonly found = new Map<
    string,
    {
      readonly first: Resource
      readonly one: Found
      readonly reason: string
      readonly text: string
      count: number
    }
  >()

  constructor(report: Report) {
    this.report = report
  }

  add(first: Resource, one: Found, reason: string, text: string): void {
    const before = this.found.get(one.name)
    if (before === undefined) this.found.set(one.name, { first, one, reason, text, count: 1 })
    else before.count++
  }

  tell(): void {
    for (const { first, one, reason, text, count } of this.found.values()) {
      const rest = count > 1 ? ` (${count} objects have it)` : ''
      const message = `it is for ${one.controller}: ${text}${rest}`
      this.report.doubt(first, { severity: 'warning', reason, path: one.path, message })
    }
  }
}
