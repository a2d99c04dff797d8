import { getRouteApi } from '@tanstack/react-router'
import { Page } from '../../parts/page.tsx'
import { Toggle } from '../../parts/toggle.tsx'
import { apisTexts } from '../../texts/apis.ts'
import { consumersTexts as t } from '../../texts/consumers.ts'
import { Accounts, NewAccountButton } from './accounts.tsx'
import { Applications, NewApplicationButton } from './applications.tsx'
import { Subscriptions } from './subscriptions.tsx'

const here = getRouteApi('/consumers/')
type Tab = keyof typeof t.tabs
const tabs = Object.entries(t.tabs).map(([value, text]) => ({ value, text }))

export function Consumers() {
  const { show = 'applications' } = here.useSearch()
  const navigate = here.useNavigate()
  return (
    <Page
      title={t.tabs[show as Tab] ?? t.title}
      filled
      actions={
        <>
          <Toggle
            label={apisTexts.shown}
            value={show}
            options={tabs}
            onChange={next =>
              void navigate({ search: next === 'applications' ? {} : { show: next }, replace: true })
            }
          />
          {show === 'applications' ? <NewApplicationButton /> : null}
          {show === 'accounts' ? <NewAccountButton /> : null}
        </>
      }
    >
      {show === 'accounts' ? <Accounts /> : show === 'subscriptions' ? <Subscriptions /> : <Applications />}
    </Page>
  )
}
