import type { Finding } from '../../api/shapes/finding.ts'
import type { Status } from '../../admin/shapes/status.ts'
import type { Paint } from '../../telemetry/colour.ts'
import { counted } from '../command/texts.ts'
import { plain } from '../../telemetry/plain.ts'

/** Where the text of a row begins. */
const COLUMN = 10

/** For a person: what runs, what it serves, and what is wrong. Of `findings` there may be more than are given. */
export function statusText(status: Status, findings: readonly Finding[], paint: Paint): string {
  const { program, ready, uptimeS, workers, paths, ports, problems, held } = status
  const state = ready ? paint('good', 'ready') : paint('error', 'not ready')
  const rest = problems.errors + problems.warnings + problems.notes - findings.length
  return [
    row(
      'gateway',
      `${state}, portcullis ${program.version}, ${counted(workers, 'worker')}, up ${durationText(uptimeS)}`,
    ),
    row('reads', plain(paths.join(', '))),
    row('serves', servesText(status)),
    ...ports.map(({ key, protocol, error }) =>
      error === null
        ? row('port', `${key} ${protocol}`)
        : paint('error', row('port', `${key} ${protocol}, not served: ${error}`)),
    ),
    ...(held === 0 ? [] : [row('held', `${counted(held, 'object')} in a last good version`)]),
    row('problems', countsText(problems)),
    ...findings.map(finding => findingLine(finding, paint)),
    ...(rest > 0 ? [row('', `and ${rest} more; -o json has all of them`)] : []),
    '',
  ].join('\n')
}

function servesText({ snapshot, counts }: Status): string {
  if (snapshot === null) return 'nothing yet'
  const what = Object.entries(counts).map(([name, count]) => counted(count, name.slice(0, -1)))
  return `${what.join(', ')}; version ${snapshot.version}, since ${snapshot.appliedAt}`
}

function countsText({ errors, warnings, notes }: Status['problems']): string {
  const counts = [
    ['error', errors],
    ['warning', warnings],
    ['note', notes],
  ] as const
  const found = counts.filter(([, count]) => count > 0).map(([what, count]) => counted(count, what))
  return found.length === 0 ? 'none' : found.join(', ')
}

/** As `check` has it: `shop.yaml:14:9 HTTPRoute/items spec.rules[0]: what is wrong`. */
function findingLine(
  { severity, object, file, line, column, path, message, since }: Finding,
  paint: Paint,
): string {
  const where = [
    file === '' ? '' : `${file}:${line}:${column}`,
    object === null ? '' : `${object.kind}/${object.name}`,
    path,
  ].filter(part => part !== '')
  const kept = since === null ? '' : ` (the version of ${since} serves)`
  const text = `${where.join(' ')}${where.length === 0 ? '' : ': '}${message}${kept}`
  return paint(severity, severity.padEnd(COLUMN)) + plain(text)
}

const UNITS = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
] as const

/** `2 hours 5 minutes`: the two largest units of it. */
function durationText(seconds: number): string {
  const first = UNITS.findIndex(([, length]) => seconds >= length)
  if (first < 0) return counted(0, 'second')
  let left = seconds
  const parts = UNITS.slice(first, first + 2).map(([name, length]) => {
    const count = Math.floor(left / length)
    left -= count * length
    return count === 0 ? '' : counted(count, name)
  })
  return parts.filter(part => part !== '').join(' ')
}

function row(what: string, text: string): string {
  return `${what.padEnd(COLUMN)}${text}`
}
