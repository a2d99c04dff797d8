import { count } from '../format.ts'
import { limitTexts } from '../texts/limit.ts'

/** A limit as a Plan has it. */
interface Limit {
  readonly name: string
  readonly kind: 'Rate' | 'Quota'
  readonly unit?: keyof typeof limitTexts.units
  readonly amount: number
  readonly per: keyof typeof limitTexts.per | 'Lifetime'
  readonly burst?: number
  readonly anchor?: string
  readonly timeZone?: string
  readonly scope?: string
  readonly operations?: readonly string[]
  readonly exceeded?: string
  readonly counters?: string
}

/** `1,000 requests a day, by the calendar of UTC`: a limit in words. */
export function limitText(told: unknown): string {
  const limit = told as Limit
  const t = limitTexts
  const { kind, unit = 'Requests', amount, per, burst = amount, operations = [] } = limit
  const scope = t.scopes[limit.scope as keyof typeof t.scopes] as string | undefined
  return [
    `${count(amount)} ${t.units[unit]} ${per === 'Lifetime' ? t.lifetime : `${per === 'Hour' ? 'an' : 'a'} ${t.per[per]}`}`,
    kind === 'Rate' ? (burst === amount ? '' : t.burst(burst)) : windowText(limit),
    scope ?? '',
    operations.length === 0 ? '' : t.of(operations.join(', ')),
    limit.exceeded === 'Flag' ? t.flag : '',
    limit.counters === 'Exact' ? t.exact : '',
  ]
    .filter(part => part !== '')
    .join(', ')
}

function windowText({ per, anchor, timeZone = 'UTC' }: Limit): string {
  if (per === 'Lifetime') return ''
  return anchor === 'Subscription' ? limitTexts.anchored : limitTexts.zone(timeZone)
}
