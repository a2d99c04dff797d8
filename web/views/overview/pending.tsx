import { Link } from '@tanstack/react-router'
import { usePending } from '../../api/me.ts'
import { Icon } from '../../parts/icon.tsx'
import { overviewTexts } from '../../texts/overview.ts'

/** Subscriptions that somebody has to approve; where there are none, it takes no place. */
export function Pending() {
  const pending = usePending()
  if (pending === 0) return null
  return (
    <section className="wrong pending" aria-label={overviewTexts.pending(pending)}>
      <header>
        <Icon name="consumers" />
        <h2>{overviewTexts.pending(pending)}</h2>
        <Link to="/consumers" search={{ show: 'subscriptions', status: 'pending' }}>
          {overviewTexts.pendingLink}
        </Link>
      </header>
    </section>
  )
}
