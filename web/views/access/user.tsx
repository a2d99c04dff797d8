import { useQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import type { User } from '../../../src/api/shapes/user.ts'
import { useMe } from '../../api/me.ts'
import { bindingsQuery, change, removeAndLeave, tokensQuery, userQuery } from '../../api/recorded.ts'
import { date } from '../../format.ts'
import { Answer, Empty } from '../../parts/answers.tsx'
import { FormDialog } from '../../parts/form.tsx'
import { Facts, Page, Panel } from '../../parts/page.tsx'
import { accessTexts as t } from '../../texts/access.ts'
import { managementTexts } from '../../texts/management.ts'
import { DialogButton } from '../records/dialog-button.tsx'
import { StatusMark } from '../records/statuses.tsx'
import { UserRoles } from './roles.tsx'
import { Tokens } from './tokens.tsx'

const here = getRouteApi('/access/users/$id')

export function UserView() {
  const { id } = here.useParams()
  const query = useQuery(userQuery(id))
  const { data } = query
  return (
    <Page
      title={data?.title || data?.name || t.user}
      about={data?.email}
      actions={data === undefined ? undefined : <Steps user={data} />}
    >
      <Answer
        query={query}
        missing={
          <Empty title={t.missingUser}>
            <p>{t.missingHint}</p>
          </Empty>
        }
      >
        {user => (
          <>
            <UserRoles user={user} />
            <Tokens user={user} />
            <About user={user} />
          </>
        )}
      </Answer>
    </Page>
  )
}

function About({ user: { id, name, email, status, organization, createdAt } }: { readonly user: User }) {
  return (
    <Panel title={managementTexts.about}>
      <Facts
        rows={[
          [managementTexts.name, name],
          [t.email, email],
          [managementTexts.status, <StatusMark key="status" status={status} />],
          [managementTexts.organization, organization.name],
          [managementTexts.created, date(createdAt)],
          ['Id', <code key="id">{id}</code>],
        ]}
      />
    </Panel>
  )
}

function Steps({ user }: { readonly user: User }) {
  const { id, name, title, email, status } = user
  const isActive = status === 'active'
  const step = isActive ? t.disable : t.enable
  const body = { title, email, status: isActive ? 'disabled' : 'active' }
  const isSelf = useMe()?.user?.id === id
  return (
    <>
      <DialogButton needs="users:write" text={step} quiet>
        {close => (
          <FormDialog
            title={t.stepTitle(step, name)}
            submit={step}
            danger={isActive}
            onClose={close}
            onSubmit={() => change('PUT', `/v1/users/${id}`, body)}
          >
            {isActive ? <p>{t.disableText}</p> : null}
            {isActive && isSelf ? <p className="bad">{t.yourself}</p> : null}
          </FormDialog>
        )}
      </DialogButton>
      <DialogButton needs="users:write" text={managementTexts.delete} quiet>
        {close => <DeleteUser user={user} isSelf={isSelf} onClose={close} />}
      </DialogButton>
    </>
  )
}

interface DeleteProps {
  readonly user: User
  readonly isSelf: boolean
  readonly onClose: () => void
}

function DeleteUser({ user: { id, name }, isSelf, onClose }: DeleteProps) {
  const navigate = useNavigate()
  const tokens = useQuery(tokensQuery(id)).data?.items.filter(({ status }) => status === 'active') ?? []
  const roles = useQuery(bindingsQuery).data?.items.filter(({ user }) => user?.id === id) ?? []
  return (
    <FormDialog
      title={managementTexts.deleteTitle(name)}
      submit={managementTexts.deleteIt}
      danger
      onClose={onClose}
      onSubmit={() => removeAndLeave(`/v1/users/${id}`, () => navigate({ to: '/access' }))}
    >
      <p>{t.deleteUser(tokens.length, roles.length)}</p>
      {isSelf ? <p className="bad">{t.yourself}</p> : null}
    </FormDialog>
  )
}
