import { useQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import type { Team } from '../../../src/api/shapes/team.ts'
import { bindingsQuery, membersQuery, removeAndLeave, teamQuery } from '../../api/recorded.ts'
import { Answer, Empty } from '../../parts/answers.tsx'
import { FormDialog } from '../../parts/form.tsx'
import { Page } from '../../parts/page.tsx'
import { accessTexts as t } from '../../texts/access.ts'
import { managementTexts } from '../../texts/management.ts'
import { Closed } from '../records/closed.tsx'
import { DialogButton } from '../records/dialog-button.tsx'
import { Members } from './members.tsx'
import { TeamRoles } from './roles.tsx'

const here = getRouteApi('/access/teams/$id')

export function TeamView() {
  const { id } = here.useParams()
  const query = useQuery(teamQuery(id))
  const { data } = query
  return (
    <Page
      title={data?.title || data?.name || t.team}
      about={data?.name}
      actions={
        data === undefined ? undefined : (
          <DialogButton needs="teams:write" text={managementTexts.delete} quiet>
            {close => <DeleteTeam team={data} onClose={close} />}
          </DialogButton>
        )
      }
    >
      <Closed needs="users:read">
        <Answer
          query={query}
          missing={
            <Empty title={t.missingTeam}>
              <p>{t.missingHint}</p>
            </Empty>
          }
        >
          {team => (
            <>
              <Members team={team} />
              <TeamRoles team={team} />
            </>
          )}
        </Answer>
      </Closed>
    </Page>
  )
}

function DeleteTeam({ team: { id, name }, onClose }: { readonly team: Team; readonly onClose: () => void }) {
  const navigate = useNavigate()
  const members = useQuery(membersQuery(id)).data?.items ?? []
  const roles = useQuery(bindingsQuery).data?.items.filter(({ team }) => team?.id === id) ?? []
  return (
    <FormDialog
      title={managementTexts.deleteTitle(name)}
      submit={managementTexts.deleteIt}
      danger
      onClose={onClose}
      onSubmit={() =>
        removeAndLeave(`/v1/teams/${id}`, () => navigate({ to: '/access', search: { show: 'teams' } }))
      }
    >
      <p>{t.deleteTeam(members.length, roles.length)}</p>
    </FormDialog>
  )
}
