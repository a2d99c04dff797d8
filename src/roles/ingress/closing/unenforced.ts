import { ROLE_ABSENT, switchingOff } from '../../../model/absent.ts'
import { leftOut } from '../../../model/last-good.ts'
import { groupOf } from '../../../model/kind.ts'
import { onlyTunes } from '../../../model/kinds/tuning.ts'
import type { FieldPath, Resource } from '../../../model/resource.ts'
import { qualifiedKind, refOf, shortName, type Resources } from '../../../model/resources.ts'
import type { Unenforced } from '../../../model/targeting.ts'
import type { Targeting } from '../../../model/targets.ts'
import type { IgnoredKind } from '../../../translation/role.ts'
import type { Closing } from '../../../translation/closing.ts'
import type { Report } from '../../../translation/report.ts'
import { originOf } from '../origin.ts'
import { policyName } from '../../../translation/policies.ts'
import {
  sectionless,
  sectionsOf,
  wholeOf,
  type Scope,
  type Targetable,
} from '../../../translation/targetable.ts'
import type { Served } from './served-objects.ts'

/**
 * Closes what objects target that are not in force and may be there to protect it ("fail closed"): a request that they
 * would have refused is not served. What targets nothing of ours, what only tunes, and what the operator has ignored is
 * told of, once for each kind.
 */
export function closeUnenforced(
  resources: Resources,
  lookUp: () => Served,
  ignored: readonly IgnoredKind[],
  closing: Closing,
  report: Report,
): void {
  if (resources.unenforced.length === 0) return
  const served = lookUp()
  const notes = new Notes(report)
  for (const one of resources.unenforced) {
    const hits = hitsOf(one, served)
    const note = noteOf(one, hits, served, ignored)
    if (note !== null) {
      notes.add(one, note)
      continue
    }
    for (const closed of hits) close(closed, one, closing)
    reportUnenforced(one, hits, report)
  }
  notes.tell()
}

/** An object, or a part of it, that is targeted. */
interface Hit {
  readonly scope: Scope
  /** Of the reference, in the object that targets it. */
  readonly path: FieldPath
  /** What says that the object has no section of the name that is targeted. */
  readonly sectionless?: string
}

/** Of something whose targets cannot be read: every route of its namespace, and of all where that cannot be read either. */
function hitsOf({ resource, targeting }: Unenforced, served: Served): Hit[] {
  if (targeting !== null)
    return [
      ...targeting.refs.flatMap(ref => targeted(served.named(ref), ref)),
      ...targeting.selectors.flatMap(selector => targeted(selected(served, selector), selector)),
    ]
  const { namespace } = resource.metadata
  const near = served.list.filter(
    one => one.noun === 'rule' && (namespace === '' || one.resource.metadata.namespace === namespace),
  )
  return near.map(object => ({ scope: wholeOf(object), path: ['spec'] }))
}

function selected(served: Served, selector: Targeting['selectors'][number]): readonly Targetable[] {
  const { kind, group, namespace, labels } = selector
  return served.list.filter(
    ({ resource }) =>
      resource.kind === kind &&
      (group ?? groupOf(resource.apiVersion)) === groupOf(resource.apiVersion) &&
      (namespace === null || namespace === resource.metadata.namespace) &&
      Object.entries(labels).every(([name, value]) => resource.metadata.labels?.[name] === value),
  )
}

/** A section that none of the objects has is a mistake in its name: what it was for is somewhere in them. */
function targeted(
  objects: readonly Targetable[],
  { path, sectionName }: Targeting['refs' | 'selectors'][number],
): Hit[] {
  if (sectionName === undefined) return objects.map(object => ({ scope: wholeOf(object), path }))
  const sections = objects.flatMap(object => sectionsOf(object, sectionName))
  if (sections.length > 0) return sections.map(scope => ({ scope, path }))
  return objects.map(object => ({
    scope: wholeOf(object),
    path,
    sectionless: sectionless(object, sectionName),
  }))
}

/** What is said of something that closes nothing: the end of a message, and the reason where it is not the kind alone. */
interface Note {
  readonly text: string
  readonly reason?: string
}

const LEFT_OUT: Note = { text: '' }

/** Null where it does close something. */
function noteOf(
  { resource, broken, known, problem, targeting }: Unenforced,
  hits: readonly Hit[],
  served: Served,
  ignored: readonly IgnoredKind[],
): Note | null {
  const { kind } = resource
  const group = groupOf(resource.apiVersion)
  const isIgnored = ignored.some(one => one.kind === kind && (one.group ?? group) === group)
  if (isIgnored && !known) return { text: 'it is ignored, as --ignore-kind says', reason: 'Ignored' }
  if (targeting?.workload !== undefined) return workloadNote(resource, targeting.workload, served)
  if (hits.length === 0) return broken ? null : LEFT_OUT
  if (problem.severity === 'warning' && onlyTunes(group, kind, specOf(resource)))
    return { text: `${namesOf(hits)} is served without what it sets`, reason: 'NotApplied' }
  return null
}

function specOf({ body }: Resource): unknown {
  return typeof body === 'object' && body !== null && 'spec' in body ? body.spec : undefined
}

/** Istio's root namespace, whose policies are for every namespace. */
const ISTIO_ROOT = 'istio-system'

/** A Service's selector says some of the labels that its workloads have; what contradicts none of them may be for those. */
function workloadNote(
  { metadata }: Resource,
  labels: Readonly<Record<string, string>>,
  served: Served,
): Note {
  const behind = served.list.filter(({ resource }) => {
    if (resource.kind !== 'Service') return false
    if (metadata.namespace !== ISTIO_ROOT && metadata.namespace !== resource.metadata.namespace) return false
    const selector = selectorOf(resource)
    return Object.entries(labels).every(([name, value]) => (selector[name] ?? value) === value)
  })
  if (behind.length === 0) return LEFT_OUT
  const names = behind.map(object => ({ scope: wholeOf(object), path: [] }))
  const text = `what it says is not enforced here: ${namesOf(names)} has its protection only where Istio's proxies stand before the workloads`
  return { text, reason: 'NotEnforced' }
}

function selectorOf(service: Resource): Readonly<Record<string, string>> {
  const spec = specOf(service)
  const selector = typeof spec === 'object' && spec !== null && 'selector' in spec ? spec.selector : null
  return typeof selector === 'object' && selector !== null ? Object.fromEntries(Object.entries(selector)) : {}
}

function reportUnenforced(
  { resource, problem, broken, targeting, absent }: Unenforced,
  hits: readonly Hit[],
  report: Report,
): void {
  const [first] = hits
  if (first === undefined) return
  const why = broken ? 'it is broken, and no version of it was good' : problem.message
  const unread = targeting === null ? '; what it targets cannot be read' : ''
  const missing = [...new Set(hits.flatMap(one => one.sectionless ?? []))].map(one => `; ${one}`).join('')
  const flag = absent ? switchingOff(absent) : `--ignore-kind ${qualifiedKind(refOf(resource))}`
  const without = broken ? '' : `; to serve without it, give ${flag}`
  const message = `${why}${unread}${missing}; ${namesOf(hits)}, which it may protect, would be served without it, and is closed instead: answered 500 (protection_missing)${without}`
  const { path } = first
  // What is wrong with it has been told.
  if (broken) report.bad(resource, 'Enforced', [{ reason: 'Invalid', path, message, follows: true }])
  else report.bad(resource, 'Enforced', [{ reason: absent ? ROLE_ABSENT : 'UnknownKind', path, message }])
}

/** `rule admin of HTTPRoute default/shop, Gateway default/web and 3 more`. */
function namesOf(hits: readonly Hit[]): string {
  const names = [...new Set(hits.map(({ scope }) => scope.what))]
  const rest = names.length - 3
  return names.slice(0, 3).join(', ') + (rest > 0 ? ` and ${rest} more` : '')
}

function close({ scope, sectionless: missing }: Hit, { resource }: Unenforced, closing: Closing): void {
  const of = missing === undefined ? '' : `; ${missing}`
  const message = `${qualifiedKind(refOf(resource))} ${policyName(resource)} may protect it and is not in force${of}; answered 500 (protection_missing)`
  closing.close(scope, originOf(resource, ['spec']), { message })
}

/** What is told once for each kind, or of each object where its kind is to be one of ours. */
class Notes {
  private readonly report: Report
  private readonly found = new Map<
    string,
    { readonly first: Unenforced; count: number; readonly note: Note }
  >()

  constructor(report: Report) {
    this.report = report
  }

  add(one: Unenforced, note: Note): void {
    const { severity } = one.problem
    const own = severity === 'error' ? shortName(refOf(one.resource)) : ''
    const key = `${qualifiedKind(refOf(one.resource))} ${note.text} ${own}`
    const found = this.found.get(key)
    if (found === undefined) this.found.set(key, { first: one, count: 1, note })
    else found.count++
  }

  tell(): void {
    for (const { first, count, note } of this.found.values()) {
      const { resource, problem } = first
      const { severity, path } = problem
      const { text, reason = problem.reason ?? 'LeftOut' } = note
      const message =
        text === '' && severity === 'warning'
          ? leftOut(problem.message, count)
          : [problem.message, text].filter(Boolean).join('; ')
      this.report.doubt(resource, { severity: text === '' ? severity : 'warning', path, reason, message })
    }
  }
}
