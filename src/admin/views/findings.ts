import { findingsOf, type Finding } from '../../control/findings.ts'
import type { InForce } from '../../control/controller.ts'
import { formatPath } from '../../model/problem.ts'
import type { Condition, Problem } from '../../model/resource.ts'
import { refKey } from '../../model/resources.ts'
import type * as shapes from '../../api/shapes/finding.ts'
import { pageByPlace, textFilter } from './page.ts'

/** A finding, and what only a running gateway knows of it. */
export interface ToldFinding extends Finding {
  /** `check` would not say it. */
  readonly running: boolean
  /** When the version was read that serves in its place; null where none does. */
  readonly since: string | null
}

type Source = Pick<InForce, 'status' | 'held' | 'translated'>

const told = new WeakMap<InForce['status'], readonly ToldFinding[]>()

/** All that is to be said of what is declared and in force; errors first. */
export function findingsInForce(inForce: Source): readonly ToldFinding[] {
  const { status } = inForce
  let findings = told.get(status)
  if (findings === undefined) told.set(status, (findings = findingsNow(inForce)))
  return findings
}

function findingsNow({ status: { problems, conditions }, held, translated }: Source): readonly ToldFinding[] {
  const since = new Map(held.map(one => [one.key, one.since]))
  // What a held version stands in for is told as a problem of its text, where there is one for it.
  const declared = findingsOf(problems, conditions.filter(isNotHeld))
  const explained = new Set(declared.flatMap(({ resource }) => (resource === null ? [] : [refKey(resource)])))
  const unexplained = conditions.filter(one => !isNotHeld(one) && !explained.has(refKey(one.about)))
  const said = new Set(findingsOf(problems, translated).map(({ line }) => line))
  const all = [...declared, ...findingsOf([], unexplained)].map(finding => ({
    ...finding,
    running: !said.has(finding.line) || isOfService(finding),
    since: finding.resource === null ? null : (since.get(refKey(finding.resource)) ?? null),
  }))
  return errorsFirst(all)
}

const rank = { error: 0, warning: 1, note: 2 } as const

/** Otherwise in the order in which they come. */
export function errorsFirst(findings: readonly ToldFinding[]): readonly ToldFinding[] {
  return findings.toSorted((a, b) => rank[a.severity] - rank[b.severity])
}

function isNotHeld({ type }: Condition): boolean {
  return type !== 'Current'
}

/** What services have found out, which `check` has none of. */
function isOfService({ message }: Finding): boolean {
  return /^(Issued|RenewalFailed)=/.test(message)
}

export function countsOf(findings: readonly Pick<Finding, 'severity'>[]): shapes.FindingCounts {
  const count = (wanted: Problem['severity'] | 'note') =>
    findings.filter(({ severity }) => severity === wanted).length
  return { errors: count('error'), warnings: count('warning'), notes: count('note') }
}

export function findingPage(
  findings: readonly ToldFinding[],
  held: InForce['held'],
  query: shapes.FindingQuery,
): shapes.Findings {
  const { severity, q } = query
  const text = q === undefined ? null : textFilter(q)
  const wanted = findings.filter(
    finding =>
      (severity === undefined || finding.severity === severity) &&
      (text === null || text(finding.line) || text(finding.reason)),
  )
  const page = pageByPlace(wanted, query)
  return {
    ...page,
    items: page.items.map(findingView),
    counts: countsOf(findings),
    heldObjects: held.length,
  }
}

export function findingView(finding: ToldFinding): shapes.Finding {
  const { severity, resource, position, path, reason, message, running, since } = finding
  return {
    severity,
    object: resource,
    file: position?.file ?? '',
    line: position?.line ?? 0,
    column: position?.column ?? 0,
    path: formatPath(path),
    reason,
    message,
    hint: since === null ? null : `mend it, and the version of ${since}, which serves in its place, goes`,
    running,
    held: since !== null,
    since,
  }
}
