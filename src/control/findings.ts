import { formatProblem } from '../model/problem.ts'
import type { Condition, FieldPath, Position, Problem, ResourceRef } from '../model/resource.ts'
import { refKey } from '../model/resources.ts'
import { badConditions, formatCondition, messageOf } from '../model/conditions.ts'

/** One thing to say about the resources, wherever it was found. */
export interface Finding {
  /** `error`: something is not served as it is written. `warning`: worth a look. `note`: it follows from something else. */
  readonly severity: Problem['severity'] | 'note'
  readonly position: Position | null
  readonly resource: ResourceRef | null
  readonly path: FieldPath
  /** One word for programs; "" where there is none. */
  readonly reason: string
  /** What is wrong, what is expected. */
  readonly message: string
  /** All of that in one line: `FILE:LINE:COLUMN kind/name spec.path: what is wrong`. */
  readonly line: string
}

/** Of other people's kinds, which folders for kubectl are full of, and of those that the operator has ignored. */
const LENIENT: ReadonlySet<string> = new Set(['ForeignKind', 'RoleAbsent', 'Ignored'])

/**
 * Problems of the files and of the translation, and conditions that are not good, each line once, errors first: what
 * `check`, the log and `explain` tell. `strict` makes errors of warnings, but of those about kinds that are left out.
 */
export function findingsOf(
  problems: readonly Problem[],
  conditions: readonly Condition[],
  strict = false,
): readonly Finding[] {
  const all = [...problems.map(ofProblem), ...badConditions(conditions).flatMap(eachFlaw).map(ofCondition)]
  const judged = strict ? all.map(stricter) : all
  const once = new Map<string, Finding>()
  for (const finding of judged) if (!once.has(keyOf(finding))) once.set(keyOf(finding), finding)
  const sorted = inOrder([...once.values()])
  const of = (wanted: Finding['severity']) => sorted.filter(({ severity }) => severity === wanted)
  return [...of('error'), ...of('warning'), ...of('note')]
}

/** File by file as they come, each as one reads it; what has no place comes first. */
function inOrder(findings: readonly Finding[]): readonly Finding[] {
  const files = new Map<string, number>()
  for (const { position } of findings)
    if (position !== null && !files.has(position.file)) files.set(position.file, files.size)
  return findings.toSorted(({ position: a }, { position: b }) => {
    if (a === null || b === null) return Number(a !== null) - Number(b !== null)
    return (files.get(a.file) ?? 0) - (files.get(b.file) ?? 0) || a.line - b.line || a.column - b.column
  })
}

/** What is wrong with a field is one thing, for all parents of its route, and where it makes several conditions False. */
function keyOf({ position, resource, path, message, line }: Finding): string {
  if (resource === null || position === null || path.length === 0) return line
  return JSON.stringify([refKey(resource), position, path, message.replace(/^\w+=\w+ \w+: /, '')])
}

/** The lines of those of a severity. */
export function linesWith(findings: readonly Finding[], wanted: Finding['severity']): ReadonlySet<string> {
  return new Set(findings.flatMap(({ severity, line }) => (severity === wanted ? [line] : [])))
}

function ofProblem(problem: Problem): Finding {
  const { severity, position, resource, path, message, reason = '' } = problem
  return { severity, position, resource, path, reason, message, line: formatProblem(problem) }
}

/** A condition is one sentence about several fields; each of them has a place of its own. */
function eachFlaw(condition: Condition): Condition[] {
  const { flaws } = condition
  return flaws === undefined ? [condition] : flaws.map(flaw => ({ ...withoutFlaws(condition), ...flaw }))
}

function withoutFlaws({ flaws: _, follows: __, ...condition }: Condition): Condition {
  return condition
}

function ofCondition(condition: Condition): Finding {
  const { about, path = [], position = null, type, status, reason, follows } = condition
  return {
    severity: follows === true ? 'note' : 'error',
    position,
    resource: about,
    path,
    reason,
    message: `${type}=${status} ${reason}: ${messageOf(condition)}`,
    line: formatCondition(condition),
  }
}

function stricter(finding: Finding): Finding {
  return finding.severity === 'warning' && !LENIENT.has(finding.reason)
    ? { ...finding, severity: 'error' }
    : finding
}
