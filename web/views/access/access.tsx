import { getRouteApi } from '@tanstack/react-router'
import { useMay } from '../../api/me.ts'
import { Page } from '../../parts/page.tsx'
import { Toggle } from '../../parts/toggle.tsx'
import { accessTexts as t } from '../../texts/access.ts'
import { managementTexts } from '../../texts/management.ts'
import { Closed } from '../records/closed.tsx'
import { NewTeamButton, Teams } from './teams.tsx'
import { NewUserButton, Users } from './users.tsx'

const here = getRouteApi('/access/')
type Tab = keyof typeof t.tabs
const tabs = Object.entries(t.tabs).map(([value, text]) => ({ value, text }))

/** Who uses the Admin API. */
export function Access() {
  const { show = 'users' } = here.useSearch()
  const navigate = here.useNavigate()
  const may = useMay()
  return (
    <Page
      title={t.tabs[show as Tab] ?? t.title}
      filled
      actions={
        may('users:read') ? (
          <>
            <Toggle
              label={managementTexts.shown}
              value={show}
              options={tabs}
              onChange={next =>
                void navigate({ search: next === 'users' ? {} : { show: next }, replace: true })
              }
            />
            {show === 'teams' ? <NewTeamButton /> : <NewUserButton />}
          </>
        ) : undefined
      }
    >
      <Closed needs="users:read">{show === 'teams' ? <Teams /> : <Users />}</Closed>
    </Page>
  )
}
