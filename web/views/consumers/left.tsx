import { useQuery } from '@tanstack/react-query'
import type { SubscriptionLimit } from '../../../src/api/shapes/limit.ts'
import { subscriptionLimitsQuery } from '../../api/recorded.ts'
import { Mark } from '../../parts/mark.tsx'
import { leftTexts as t } from '../../texts/left.ts'
import { leftText, renewsText } from './left-text.ts'

/** A limit may count each operation and each key by itself: those with the least left are told. */
const MOST = 6

/** What is left of each limit, as it counts now. */
export function Left({ subscription }: { readonly subscription: string }) {
  const { data, error } = useQuery(subscriptionLimitsQuery(subscription))
  if (error !== null && data === undefined) return <small className="muted">{error.message}</small>
  if (data === undefined) return null
  if (data.items.length === 0) return t.noLimit
  const items = data.items.toSorted((a, b) => shareOf(a) - shareOf(b))
  return (
    <ul className="left">
      {items.slice(0, MOST).map(limit => (
        <Limit key={`${limit.name} ${limit.operation ?? ''} ${limit.credential ?? ''}`} limit={limit} />
      ))}
      {items.length <= MOST ? null : <li className="muted">{t.more(items.length - MOST)}</li>}
    </ul>
  )
}

const shareOf = ({ left, amount }: SubscriptionLimit): number => left / amount

function Limit({ limit }: { readonly limit: SubscriptionLimit }) {
  const { left, amount, flagged, known } = limit
  return (
    <li>
      <meter className="bar" min={0} max={amount} value={left} aria-hidden="true" />
      <span>{leftText(limit)}</span>
      {flagged ? <Mark tone="warn">{t.flagged}</Mark> : left <= 0 ? <Mark tone="bad">{t.none}</Mark> : null}
      <small className="muted">{known ? renewsText(limit) : t.unknown}</small>
    </li>
  )
}
