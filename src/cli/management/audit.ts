import type { AuditEvent, AuditVerdict } from '../../api/shapes/audit.ts'
import type { Command, Given } from '../command/flag.ts'
import type { Column } from '../command/table.ts'
import { filters, lines } from './commands/audit-flags.ts'
import { operandsOf } from './operands.ts'
import { all, ask, sessionOf, showAll, showOne } from './session.ts'
import { timeText } from './texts.ts'

const columns: readonly Column<AuditEvent>[] = [
  { title: 'SEQ', of: ({ seq }) => String(seq) },
  { title: 'AT', of: ({ at }) => timeText(at) },
  { title: 'ACTOR', of: ({ actor }) => actor },
  { title: 'BY', of: ({ by }) => by, spare: 1 },
  { title: 'ACTION', of: ({ action }) => action },
  { title: 'WHAT', of: ({ name }) => name },
  { title: 'OBJECT', of: ({ object }) => object, spare: 2 },
]

export async function list(given: Given, command: Command): Promise<number> {
  operandsOf(given, command, 0)
  const session = sessionOf(given)
  const query = Object.fromEntries(
    filters.map(flag => [flag.name, given.get(flag)] as const).filter(([, value]) => value !== ''),
  )
  const events = await all<AuditEvent>(session, '/v1/audit', query, given.get(lines))
  showAll(session, events, columns, 'no such event')
  return 0
}

export async function verify(given: Given, command: Command): Promise<number> {
  operandsOf(given, command, 0)
  const session = sessionOf(given)
  const verdict = await ask<AuditVerdict>(session, 'GET', '/v1/audit/verify')
  showOne(session, verdict, ({ ok, events, seq, hash, fault }) =>
    ok
      ? `${session.paint('good', 'ok')}: ${events} event${events === 1 ? '' : 's'}, the last is ${seq} with hash ${hash}\n`
      : `${session.paint('error', 'broken')} behind event ${seq} (hash ${hash}): ${fault ?? ''}\n`,
  )
  return verdict.ok ? 0 : 1
}
