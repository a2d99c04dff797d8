import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useLive } from '../api/figures.ts'
import { everythingChanged, statusQuery } from '../api/queries.ts'
import { useManages, usePending, usePlatform } from '../api/me.ts'
import { unreachableSince } from '../api/reach.ts'
import { useStore } from '../api/store.ts'
import { forgetToken, token } from '../api/token.ts'
import { count } from '../format.ts'
import { Icon } from '../parts/icon.tsx'
import { Mark } from '../parts/mark.tsx'
import { Toggle } from '../parts/toggle.tsx'
import { commonTexts } from '../texts/common.ts'
import { keysTexts, reachTexts, themeTexts } from '../texts/shell.ts'
import { tokenTexts } from '../texts/token.ts'
import { choose, theme } from './theme.ts'
import { views } from './views.ts'
import { WhoAmI } from './who-am-i.tsx'

export function Menu({ onChoose }: { readonly onChoose?: () => void }) {
  const { data: status } = useQuery(statusQuery)
  const { errors = 0, warnings = 0 } = status?.problems ?? {}
  const pending = usePending()
  const isManaged = useManages()
  const platform = usePlatform()
  const offered = (view: (typeof views)[number]) => ('managed' in view ? isManaged : platform !== false)
  return (
    <nav aria-label={commonTexts.navigation}>
      <ul>
        {views.filter(offered).map(({ to, name, icon }) => (
          <li key={to}>
            <Link to={to} activeOptions={{ exact: to === '/', includeSearch: false }} onClick={onChoose}>
              <Icon name={icon} />
              {name}
              {to === '/problems' && errors + warnings > 0 ? (
                <Mark tone={errors > 0 ? 'bad' : 'warn'}>{count(errors + warnings)}</Mark>
              ) : null}
              {to === '/consumers' && pending > 0 ? <Mark tone="accent">{count(pending)}</Mark> : null}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  )
}

export function SideFoot({ onHelp }: { readonly onHelp: () => void }) {
  const chosen = useStore(theme)
  const kept = useStore(token)
  const forget = () => {
    forgetToken()
    everythingChanged()
  }
  return (
    <div className="side-foot">
      <Liveness />
      <WhoAmI />
      {kept === null ? null : (
        <button type="button" className="bare" onClick={forget}>
          <Icon name="lock" /> {tokenTexts.forget}
        </button>
      )}
      <div className="side-row">
        <Toggle
          label={themeTexts.label}
          value={chosen}
          onChange={choose}
          options={[
            { value: 'system', text: <Icon name="system" />, label: themeTexts.system },
            { value: 'light', text: <Icon name="light" />, label: themeTexts.light },
            { value: 'dark', text: <Icon name="dark" />, label: themeTexts.dark },
          ]}
        />
        <button
          type="button"
          className="bare"
          aria-label={keysTexts.open}
          title={keysTexts.open}
          onClick={onHelp}
        >
          <Icon name="keys" />
        </button>
      </div>
    </div>
  )
}

/** Whether what is seen is of now. */
function Liveness() {
  const { data: status } = useQuery(statusQuery)
  const lost = useStore(unreachableSince)
  const live = useLive().recent.length > 0
  // Who does not see what is served is told no figures of it.
  if (usePlatform() === false && lost === null) return null
  const [tone, text] =
    lost !== null
      ? (['bad', reachTexts.lostShort] as const)
      : live
        ? (['good', reachTexts.live] as const)
        : (['quiet', reachTexts.waiting] as const)
  return (
    <p className="liveness">
      <Mark tone={tone}>{text}</Mark>
      {status === undefined ? null : <span>{status.program.version}</span>}
    </p>
  )
}
