import { unreachableSince } from '../api/reach.ts'
import { useStore } from '../api/store.ts'
import { clock } from '../format.ts'
import { reachTexts } from '../texts/shell.ts'

/** Says that the gateway cannot be reached, and since when. */
export function ReachBar() {
  const since = useStore(unreachableSince)
  return (
    <div role="alert" className={since === null ? 'hidden' : 'reach-bar'}>
      {since === null ? '' : reachTexts.lost(clock(since))}
    </div>
  )
}
