import { Navigate, Outlet, useRouterState } from '@tanstack/react-router'
import { usePlatform } from '../api/me.ts'
import { Empty } from '../parts/answers.tsx'
import { Page } from '../parts/page.tsx'
import { shownTexts as t } from '../texts/shell.ts'
import { views } from './views.ts'

const managed = views.filter(view => 'managed' in view).map(({ to }) => to)

/** The view; of what is served, who may not see that is led to what is theirs. */
export function Allowed() {
  const path = useRouterState({ select: state => state.location.pathname })
  if (usePlatform() !== false || managed.some(to => path === to || path.startsWith(`${to}/`)))
    return <Outlet />
  if (path === '/') return <Navigate to="/apis" replace />
  return (
    <Page title={t.title}>
      <Empty title={t.closed}>
        <p>{t.closedWhy}</p>
      </Empty>
    </Page>
  )
}
