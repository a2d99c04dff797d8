import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { applicationQuery, change } from '../../api/recorded.ts'
import type { Application } from '../../../src/api/shapes/application.ts'
import { date } from '../../format.ts'
import { Answer, Empty } from '../../parts/answers.tsx'
import { FormDialog } from '../../parts/form.tsx'
import { Facts, Page, Panel } from '../../parts/page.tsx'
import { apisTexts } from '../../texts/apis.ts'
import { consumersTexts as t } from '../../texts/consumers.ts'
import { managementTexts } from '../../texts/management.ts'
import { Credentials } from './credentials.tsx'
import { OwnSubscriptions } from './own-subscriptions.tsx'
import { DialogButton } from '../records/dialog-button.tsx'
import { StatusMark } from '../records/statuses.tsx'
import { DeleteApplication } from './delete-application.tsx'

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
          {query.data === undefined ? null : <Steps application={query.data} />}
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
          [managementTexts.name, name],
          [managementTexts.status, <StatusMark key="status" status={status} />],
          [
            t.account,
            <Link key="account" to="/consumers" search={{ account: account.id }}>
              {account.name}
            </Link>,
          ],
          [managementTexts.organization, organization.name],
          [managementTexts.created, date(createdAt)],
          ['Id', <code key="id">{id}</code>],
        ]}
      />
    </Panel>
  )
}

function Steps({ application }: { readonly application: Application }) {
  const { id, name, title, status } = application
  const isActive = status === 'active'
  const step = isActive ? t.suspendAll : t.resumeAll
  const body = { title, status: isActive ? 'suspended' : 'active' }
  return (
    <>
      <DialogButton needs="applications:write" text={step}>
        {close => (
          <FormDialog
            title={t.stepTitle(step, name)}
            submit={step}
            danger={isActive}
            onClose={close}
            onSubmit={() => change('PUT', `/v1/applications/${id}`, body)}
          >
            {isActive ? <p>{t.suspendApplication}</p> : null}
          </FormDialog>
        )}
      </DialogButton>
      <DialogButton needs="applications:write" text={managementTexts.delete} quiet>
        {close => <DeleteApplication application={application} onClose={close} />}
      </DialogButton>
    </>
  )
}
