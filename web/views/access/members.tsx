import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { Member, Team } from '../../../src/api/shapes/team.ts'
import { change, everyUserQuery, membersQuery } from '../../api/recorded.ts'
import { Answer } from '../../parts/answers.tsx'
import { ChoiceField, FormDialog } from '../../parts/form.tsx'
import { Panel } from '../../parts/page.tsx'
import { ShortTable } from '../../parts/short-table.tsx'
import type { Column } from '../../parts/table.tsx'
import { accessTexts as t } from '../../texts/access.ts'
import { managementTexts } from '../../texts/management.ts'
import { DialogButton } from '../records/dialog-button.tsx'

export function Members({ team }: { readonly team: Team }) {
  const query = useQuery(membersQuery(team.id))
  return (
    <Panel
      title={t.members}
      className="tabled"
      aside={
        <DialogButton needs="teams:write" text={t.addMember} main quiet>
          {close => <AddMember team={team.id} present={query.data?.items ?? []} onClose={close} />}
        </DialogButton>
      }
    >
      <Answer query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <p className="note">{t.noMember}</p>
          ) : (
            <ShortTable
              label={t.members}
              columns={columnsOf(team)}
              rows={items}
              rowKey={({ user }) => user.id}
              className="steps-table"
            />
          )
        }
      </Answer>
    </Panel>
  )
}

const columnsOf = (team: Team): readonly Column<Member>[] => [
  {
    title: t.user,
    cell: ({ user }) => (
      <Link to="/access/users/$id" params={{ id: user.id }}>
        {user.name}
      </Link>
    ),
  },
  {
    title: managementTexts.actions,
    steps: true,
    cell: ({ user }) => (
      <DialogButton needs="teams:write" text={t.takeOut} quiet>
        {close => (
          <FormDialog
            title={t.takeOutTitle(user.name, team.name)}
            submit={t.takeOut}
            danger
            onClose={close}
            onSubmit={() => change('DELETE', `/v1/teams/${team.id}/members/${user.id}`)}
          >
            <p>{t.takeOutText}</p>
          </FormDialog>
        )}
      </DialogButton>
    ),
  },
]

interface AddProps {
  readonly team: string
  readonly present: readonly Member[]
  readonly onClose: () => void
}

function AddMember({ team, present, onClose }: AddProps) {
  const [chosen, setChosen] = useState('')
  const inIt = new Set(present.map(({ user }) => user.id))
  const others = (useQuery(everyUserQuery).data?.items ?? []).filter(({ id }) => !inIt.has(id))
  const user = others.find(({ id }) => id === chosen) ?? others[0]
  return (
    <FormDialog
      title={t.addMember}
      submit={t.add}
      onClose={onClose}
      onSubmit={async () => {
        if (user !== undefined) await change('PUT', `/v1/teams/${team}/members/${user.id}`)
      }}
    >
      {user === undefined ? (
        <p className="note">{t.everyoneIn}</p>
      ) : (
        <ChoiceField
          label={t.user}
          value={user.id}
          options={others.map(({ id, name }) => [id, name] as const)}
          onChange={setChosen}
        />
      )}
    </FormDialog>
  )
}
