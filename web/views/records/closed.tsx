import { useMay, useMe, type Needed } from '../../api/me.ts'
import { askForToken } from '../../api/token.ts'
import { Empty } from '../../parts/answers.tsx'
import { writeTexts as t } from '../../texts/management.ts'

interface Props {
  readonly needs: Needed | readonly Needed[]
  readonly children: React.ReactNode
}

/** What administrators alone are shown; others are told what it takes. */
export function Closed({ needs, children }: Props) {
  const may = useMay()
  const me = useMe()
  if (may(needs)) return <>{children}</>
  if (me === undefined) return null
  if (me.by !== 'loopback')
    return (
      <Empty title={t.forbidden}>
        <p>{t.forbiddenWhy}</p>
      </Empty>
    )
  return (
    <Empty title={t.closed}>
      <p>{t.closedWhy}</p>
      <button type="button" className="main" onClick={askForToken}>
        {t.look}
      </button>
    </Empty>
  )
}
