import type { SubscriptionLimit } from '../../../src/api/shapes/limit.ts'
import { dayMinute } from '../../format.ts'
import { leftTexts as t } from '../../texts/left.ts'
import { limitTexts } from '../../texts/limit.ts'

/** `33 of 40 requests this month, for getItem` */
export function leftText({ kind, left, amount, unit, per, operation }: SubscriptionLimit): string {
  const text = t.of(left, amount, unit, whenText(kind, per))
  return operation === null ? text : `${text}, ${t.operation(operation)}`
}

/** Of a quota: a rate has more in a moment. */
export function renewsText({ kind, renewsAt }: SubscriptionLimit): string {
  return kind === 'Rate' || renewsAt === null ? '' : t.renews(dayMinute(renewsAt))
}

function whenText(kind: SubscriptionLimit['kind'], per: SubscriptionLimit['per']): string {
  if (kind === 'Rate') return t.atOnce
  return per === 'Lifetime' ? t.lifetime : t.this(limitTexts.per[per])
}
