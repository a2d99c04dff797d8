import { formatProblem } from '../model/problem.ts'
import type { Condition, FieldPath, Position, Problem, ResourceRef } from '../model/resource.ts'
import { badConditions, formatCondition, messageOf } from './conditions.ts'

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

/** Of other people's kinds, which folders for kubectl are full of. */
const OTHERS = 'ForeignKind'

/**
 * Problems of the files and of the translation, and conditions that are not good, each line once, errors first: what
 * `check`, the log and `explain` tell. `strict` makes errors of warnings, but of those about kinds that are left out.
 */
export function findingsOf(
  problems: readonly Problem[],
  conditions: readonly Condition[],
  strict = false,
): readonly Finding[] {
  const all = [...problems.map(ofProblem), ...badConditions(conditions).map(ofCondition)]
  const judged = strict ? all.map(stricter) : all
  const lines = new Map<string, Finding>()
  for (const finding of judged) if (!lines.has(finding.line)) lines.set(finding.line, finding)
  const of = (wanted: Finding['severity']) =>
    [...lines.values()].filter(({ severity }) => severity === wanted)
  return [...of('error'), ...of('warning'), ...of('note')]
}

/** The lines of those of a severity. */
export function linesOf(findings: readonly Finding[], wanted: Finding['severity']): ReadonlySet<string> {
  return new Set(findings.flatMap(({ severity, line }) => (severity === wanted ? [line] : [])))
}

function ofProblem(problem: Problem): Finding {
  const { severity, position, resource, path, message, reason = '' } = problem
  return { severity, position, resource, path, reason, message, line: formatProblem(problem) }
}

function ofCondition(condition: Condition): Finding {
  const { about, path = [], position = null, type, status, reason } = condition
  return {
    severity: 'error',
    position,
    resource: about,
    path,
    reason,
    message: `${type}=${status} ${reason}: ${messageOf(condition)}`,
    line: formatCondition(condition),
  }
}

function stricter(finding: Finding): Finding {
  return finding.severity === 'warning' && finding.reason !== OTHERS
    ? { ...finding, severity: 'error' }
    : finding
}
