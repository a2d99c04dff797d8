import type { LimitRow } from '../rows.ts'

const UNITS = { Requests: '', Bytes: ' bytes', Cost: ' cost' } as const

/** What `explain` and the Admin API show of a limit: `burst 20 per second, burst 20`. */
export function describeLimit(row: LimitRow): string {
  const { name, kind, unit, amount, per, burst, scope, operations, exceeded, counters } = row
  return [
    `${name} ${amount}${UNITS[unit]} ${per === 'Lifetime' ? 'in a lifetime' : `per ${per.toLowerCase()}`}`,
    kind === 'Rate' ? `burst ${burst}` : windowText(row),
    scope === 'Subscription' ? '' : `for each ${scope.toLowerCase()}`,
    operations === null ? '' : `of ${operations.join(', ')}`,
    exceeded === 'Flag' ? 'flagged where exceeded' : '',
    counters === 'Exact' ? 'for all gateways together' : '',
  ]
    .filter(part => part !== '')
    .join(', ')
}

function windowText({ per, anchor, timeZone }: LimitRow): string {
  if (per === 'Lifetime') return ''
  return anchor === 'Calendar' ? `in ${timeZone}` : `since the subscription began, in ${timeZone}`
}
