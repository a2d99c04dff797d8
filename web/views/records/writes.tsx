import { askForToken } from '../../api/token.ts'
import { useMay, useMe, type Needed } from '../../api/me.ts'
import { writeTexts } from '../../texts/management.ts'

interface Props {
  readonly needs: Needed | readonly Needed[]
  /** Where others say already that it needs a token. */
  readonly quiet?: boolean
  readonly children: React.ReactNode
}

/**
 * What only who may change something is offered. Whoever looks without a token is told that it needs one; whose roles do
 * not allow it is offered nothing.
 */
export function Writes({ needs, quiet = false, children }: Props) {
  const may = useMay()
  const me = useMe()
  if (may(needs)) return <>{children}</>
  if (quiet || me?.by !== 'loopback') return null
  return (
    <button type="button" title={writeTexts.needed} onClick={askForToken}>
      {writeTexts.button}
    </button>
  )
}
