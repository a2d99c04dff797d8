import { foreignAnnotation, type ForeignAnnotation } from '../../../model/foreign-annotations.ts'
import { Ingress } from '../../../model/kinds/ingress.ts'
import { Service } from '../../../model/kinds/service.ts'
import type { FieldPath, Resource } from '../../../model/resource.ts'
import { refOf, type Resources } from '../../../model/resources.ts'
import type { Closing } from '../../../translation/closing.ts'
import { isFull, type Report } from '../../../translation/report.ts'
import { wholeOf, type Targetable } from '../../../translation/targetable.ts'
import { originOf } from '../origin.ts'
import { routeKinds } from '../routes/route.ts'
import type { Served } from './served-objects.ts'

/** An annotation of another controller. */
interface Found extends ForeignAnnotation {
  readonly name: string
  readonly path: FieldPath
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
  for (const resource of annotated) {
    // What nothing of ours leads to is for others.
    const [target] = served().named(refOf(resource))
    if (target?.resource !== resource) continue
    const closes = foundIn(resource).filter(one => one.instead !== null && !isIgnored(one.name, ignored))
    if (isFull(closes)) close(target, closes, closing, report)
    for (const one of foundIn(resource)) {
      if (closes.includes(one)) continue
      if (one.instead !== null)
        notes.add(resource, one, 'Ignored', 'it is ignored, as --ignore-annotation says')
      else if (resource.kind !== Service.kind)
        notes.add(resource, one, 'ForeignAnnotation', 'it is not read here, and changes nothing')
    }
  }
  notes.tell()
}

function foundIn(resource: Resource): readonly Found[] {
  const { annotations } = resource.metadata
  if (annotations === undefined) return none
  let found = known.get(resource)
  if (found === undefined) known.set(resource, (found = find(annotations)))
  return found
}

function find(annotations: Readonly<Record<string, string>>): readonly Found[] {
  const found = Object.entries(annotations).flatMap(([name, value]) => {
    const foreign = foreignAnnotation(name, value)
    return foreign === null ? [] : [{ ...foreign, name, path: ['metadata', 'annotations', name] }]
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

function textOf({ name, controller, instead }: Found, { kind }: Resource, what: string): string {
  // No policy of ours is for an Ingress.
  const route = kind === Ingress.kind ? 'an HTTPRoute with ' : ''
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
