import { FileSource } from '../model/files.ts'
import type { LoadResult } from '../model/source.ts'
import { translate } from '../roles/ingress/translate.ts'
import type { Translation } from '../snapshot/role.ts'
import type { SnapshotParts } from '../snapshot/snapshot.ts'
import { findingsOf } from './findings.ts'
import type { CheckOptions } from './options.ts'

/** `portcullis check`: 0 when everything would serve as it is written, else 1. */
export function check(options: CheckOptions): Promise<number> {
  const load = new FileSource(options.paths).load()
  const translation = translate(load.resources, { addresses: options.addresses, nowMs: Date.now() })
  const verdict = judge(load, translation)
  process.stdout.write(options.output === 'json' ? jsonOf(verdict, load, translation) : textOf(verdict))
  return Promise.resolve(verdict.ok ? 0 : 1)
}

/** With the lines of a verdict what they were made of, as /status has it, for programs that look for a field or a reason. */
export function jsonOf(verdict: Verdict, { problems }: LoadResult, { conditions }: Translation): string {
  return `${JSON.stringify({ ...verdict, problems, conditions }, null, 2)}\n`
}

/** What a check finds. */
export interface Verdict {
  readonly ok: boolean
  /** In the form of every message: `FILE:LINE:COLUMN kind/name spec.path: what is wrong`. */
  readonly errors: readonly string[]
  /** Worth a look, but served. */
  readonly warnings: readonly string[]
  readonly serves: Readonly<Record<'ports' | 'listeners' | 'rules' | 'clusters' | 'endpoints', number>>
}

export function judge(load: LoadResult, translation: Translation): Verdict {
  const { errors, warnings } = findingsOf([...load.problems, ...translation.problems], translation.conditions)
  return {
    ok: errors.size === 0,
    errors: [...errors],
    warnings: [...warnings],
    serves: countOf(translation.parts),
  }
}

function countOf({ ports, clusters, endpoints }: SnapshotParts): Verdict['serves'] {
  const listeners = ports.flatMap(port => port.listeners)
  // A rule that applies to many hosts and matches is one object in all of them.
  const rules = new Set<unknown>(
    listeners.flatMap(({ hosts, streams = [] }) => [
      ...hosts.flatMap(host => host.entries.map(({ rule }) => rule)),
      ...streams.map(({ rule }) => rule),
    ]),
  )
  return {
    ports: ports.length,
    listeners: listeners.length,
    rules: rules.size,
    clusters: clusters.length,
    endpoints: Object.values(endpoints).reduce((sum, list) => sum + list.length, 0),
  }
}

function textOf({ ok, errors, warnings, serves }: Verdict): string {
  const counts = Object.entries(serves).map(
    ([what, count]) => `${count} ${count === 1 ? what.slice(0, -1) : what}`,
  )
  const found = [counted(errors.length, 'error'), counted(warnings.length, 'warning')]
    .filter(Boolean)
    .join(', ')
  return [
    ...errors,
    ...warnings.map(warning => `${warning} (warning)`),
    `${ok ? 'ok' : 'not ok'}: ${counts.join(', ')}${found === '' ? '' : `; ${found}`}`,
    '',
  ].join('\n')
}

function counted(count: number, what: string): string {
  if (count === 0) return ''
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
