import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useState } from 'react'
import { applicationQuery, change } from '../../api/recorded.ts'
import type { Application } from '../../../src/api/shapes/application.ts'
import { date } from '../../format.ts'
import { Answer, Empty } from '../../parts/answers.tsx'
import { FormDialog } from '../../parts/form.tsx'
import { Facts, Page, Panel } from '../../parts/page.tsx'
import { apisTexts } from '../../texts/apis.ts'
import { consumersTexts as t } from '../../texts/consumers.ts'
import { Credentials } from './credentials.tsx'
import { OwnSubscriptions } from './own-subscriptions.tsx'
import { StatusMark } from './statuses.tsx'
import { Writes } from './writes.tsx'

const here = getRouteApi('/consumers/$id')

export function ApplicationView() {
  const { id } = here.useParams()
  const query = useQuery(applicationQuery(id))
  return (
    <Page
      title={query.data?.title || query.data?.name || t.application}
      about={query.data === undefined ? undefined : t.of(query.data.account.name)}
      actions={
        <>
          <Link className="button" to="/usage" search={{ application: id }}>
            {t.usage}
          </Link>
          {query.data === undefined ? null : <SuspendButton application={query.data} />}
        </>
      }
    >
      <Answer
        query={query}
        missing={
          <Empty title={t.missing}>
            <p>{t.missingHint}</p>
          </Empty>
        }
      >
        {application => (
          <>
            <Credentials application={application} />
            <OwnSubscriptions application={application} />
            <About application={application} />
          </>
        )}
      </Answer>
    </Page>
  )
}

function About({ application }: { readonly application: Application }) {
  const { id, name, status, account, organization, createdAt } = application
  return (
    <Panel title={apisTexts.about}>
      <Facts
        rows={[
          [t.name, name],
          [t.status, <StatusMark key="status" status={status} />],
          [
            t.account,
            <Link key="account" to="/consumers" search={{ account: account.id }}>
              {account.name}
            </Link>,
          ],
          [t.organization, organization.name],
          [t.created, date(createdAt)],
          ['Id', <code key="id">{id}</code>],
        ]}
      />
    </Panel>
  )
}

function SuspendButton({ application }: { readonly application: Application }) {
  const [open, setOpen] = useState(false)
  const { id, name, title, status } = application
  const step = status === 'active' ? t.suspendAll : t.resumeAll
  const set = () =>
    change('PUT', `/v1/applications/${id}`, { title, status: status === 'active' ? 'suspended' : 'active' })
  return (
    <Writes needs="applications:write">
      <button type="button" onClick={() => setOpen(true)}>
        {step}
      </button>
      {open ? (
        <FormDialog
          title={t.stepTitle(step, name)}
          submit={step}
          danger={status === 'active'}
          onClose={() => setOpen(false)}
          onSubmit={set}
        >
          {status === 'active' ? <p>{t.suspendApplication}</p> : null}
        </FormDialog>
      ) : null}
    </Writes>
  )
}
