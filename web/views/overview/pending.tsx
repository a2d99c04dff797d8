import { Link } from '@tanstack/react-router'
import { usePending } from '../../api/me.ts'
import { Icon } from '../../parts/icon.tsx'
import { texts } from '../../texts.ts'

/** Subscriptions that somebody has to approve; where there are none, it takes no place. */
export function Pending() {
  const pending = usePending()
  if (pending === 0) return null
  return (
    <section className="wrong pending" aria-label={texts.overview.pending(pending)}>
      <header>
        <Icon name="consumers" />
        <h2>{texts.overview.pending(pending)}</h2>
        <Link to="/consumers" search={{ show: 'subscriptions', status: 'pending' }}>
          {texts.overview.pendingLink}
        </Link>
      </header>
    </section>
  )
}
