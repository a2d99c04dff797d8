import type { Problem, Condition } from '../../model/resource.ts'
import type { Translation } from '../../snapshot/merge.ts'
import { Excerpts } from './excerpt.ts'
import { findingsOf, type Finding } from '../../control/findings.ts'
import { counted } from '../command/texts.ts'
import { plain } from '../../telemetry/plain.ts'
import { countOf, servesJson, servesText, type Counts } from './serves.ts'
import { painter, type Paint } from '../../telemetry/colour.ts'

/** What a check finds. */
export interface CheckVerdict {
  readonly ok: boolean
  /** Errors, warnings, notes. */
  readonly findings: readonly Finding[]
  readonly serves: Counts
  readonly parts: Translation['parts']
  readonly wants: Translation['wants']
}

export function judge(
  problems: readonly Problem[],
  translation: Pick<Translation, 'parts' | 'problems' | 'conditions' | 'wants'>,
  strict = false,
): CheckVerdict {
  const { parts, conditions, wants } = translation
  const found = findingsOf([...problems, ...translation.problems], conditions, strict)
  const isIdle = parts.ports.length === 0 && found.every(({ severity }) => severity !== 'error')
  const findings = isIdle ? [...findingsOf([nothingServed], []), ...found] : found
  return {
    ok: findings.every(({ severity }) => severity !== 'error'),
    findings,
    serves: countOf(parts),
    parts,
    wants,
  }
}

/** `run` ends where this is so: of kinds whose role is left out it is no error each. */
const nothingServed: Problem = {
  severity: 'error',
  position: null,
  resource: null,
  path: [],
  reason: 'NothingServed',
  message: 'there is no listener that requests could come to: nothing would be served',
}

/** For a person: each finding with the line that it is about, what would be served, and the verdict in one line. */
export function verdictText(
  verdict: CheckVerdict,
  textOf: (file: string) => string | null,
  colour: boolean,
): string {
  const paint = painter(colour)
  const { findings, parts, wants } = verdict
  const excerpts = new Excerpts(textOf)
  const told = findings.flatMap(finding => findingLines(finding, excerpts.of(finding), paint))
  const serves = servesText(parts, wants).map(line => paint('dim', line))
  const gap = told.length > 0 && serves.length > 0 ? [''] : []
  return [...told, ...gap, ...serves, lastLine(verdict, paint), ''].join('\n')
}

function findingLines(
  { severity, position, line }: Finding,
  [excerpt, caret]: readonly string[],
  paint: Paint,
): readonly string[] {
  const place = position === null ? '' : `${position.file}:${position.line}:${position.column}`
  const end = severity === 'error' ? '' : ` (${severity})`
  const rest = plain(line.slice(place.length))
  return [
    paint(severity, plain(place)) + rest + paint(severity, end),
    ...(excerpt === undefined || caret === undefined
      ? []
      : [excerpt, caret.replace(/\^+$/, marks => paint(severity, marks))]),
  ]
}

function lastLine({ ok, findings, serves }: CheckVerdict, paint: Paint): string {
  const counts = Object.entries(serves).map(([what, count]) => counted(count, what.slice(0, -1)))
  const found = (['error', 'warning', 'note'] as const)
    .map(wanted => [wanted, findings.filter(({ severity }) => severity === wanted).length] as const)
    .filter(([, count]) => count > 0)
    .map(([wanted, count]) => counted(count, wanted))
  const verdict = paint(ok ? 'good' : 'error', ok ? 'ok' : 'not ok')
  return `${verdict}: ${counts.join(', ')}${found.length === 0 ? '' : `; ${found.join(', ')}`}`
}

/** For programs; `problems` and `conditions` as /status has them. */
export function verdictJson(
  { ok, findings, serves, parts }: CheckVerdict,
  problems: readonly Problem[],
  conditions: readonly Condition[],
): string {
  const lines = (wanted: Finding['severity']) =>
    findings.flatMap(({ severity, line }) => (severity === wanted ? [line] : []))
  const whole = {
    ok,
    errors: lines('error'),
    warnings: lines('warning'),
    notes: lines('note'),
    findings,
    serves,
    ports: servesJson(parts),
    problems,
    conditions,
  }
  return `${JSON.stringify(whole, null, 2)}\n`
}

const COMMANDS = { error: 'error', warning: 'warning', note: 'notice' } as const

/** Workflow commands of GitHub Actions, which mark the lines of a pull request, and the verdict. */
export function verdictGithub(verdict: CheckVerdict): string {
  const commands = verdict.findings.map(({ severity, position, message, resource, line }) => {
    const inFile = position !== null && !position.file.startsWith('<')
    const place = inFile
      ? [`file=${property(position.file)}`, `line=${position.line}`, `col=${position.column}`]
      : []
    const title = resource === null ? [] : [`title=${property(`${resource.kind}/${resource.name}`)}`]
    const properties = [...place, ...title].join(',')
    return `::${COMMANDS[severity]}${properties === '' ? '' : ` ${properties}`}::${data(inFile ? fieldOf(line, message) : line)}`
  })
  return [...commands, lastLine(verdict, (_name, text) => text), ''].join('\n')
}

/** The path of a field, and the message: what the line has behind the place and the object. */
function fieldOf(line: string, message: string): string {
  const before = line.slice(0, line.length - message.length).replace(/: $/, '')
  const field = before.split(' ').slice(2).join(' ')
  return field === '' ? message : `${field}: ${message}`
}

// https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts
function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}
