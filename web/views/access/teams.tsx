import { Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { Team } from '../../../src/api/shapes/team.ts'
import { useOrganization } from '../../api/me.ts'
import { change, teamListQuery } from '../../api/recorded.ts'
import { Empty } from '../../parts/answers.tsx'
import { FormDialog } from '../../parts/form.tsx'
import type { Column } from '../../parts/table.tsx'
import { accessTexts as t } from '../../texts/access.ts'
import { managementTexts } from '../../texts/management.ts'
import { DialogButton } from '../records/dialog-button.tsx'
import { NamedFields, noName } from '../records/named-fields.tsx'
import { createdColumn, organizationColumn, titleColumn } from '../records/record-columns.tsx'
import { RecordTable } from '../records/record-table.tsx'

export function Teams() {
  return (
    <RecordTable
      label={t.tabs.teams}
      list={teamListQuery}
      columns={columns}
      rowKey={({ id }) => id}
      empty={
        <Empty title={t.noTeam}>
          <p>{t.noTeamHint}</p>
        </Empty>
      }
    />
  )
}

const columns: readonly Column<Team>[] = [
  {
    title: t.team,
    cell: ({ id, name }) => (
      <Link to="/access/teams/$id" params={{ id }}>
        {name}
      </Link>
    ),
  },
  titleColumn,
  organizationColumn,
  createdColumn,
]

export function NewTeamButton() {
  return (
    <DialogButton needs="teams:write" text={t.newTeam} main>
      {close => <NewTeam onClose={close} />}
    </DialogButton>
  )
}

function NewTeam({ onClose }: { readonly onClose: () => void }) {
  const navigate = useNavigate()
  const [named, setNamed] = useState(noName)
  const organization = useOrganization()
  const make = async () => {
    const { id } = await change<Team>('POST', '/v1/teams', { ...named, organization })
    await navigate({ to: '/access/teams/$id', params: { id } })
  }
  return (
    <FormDialog title={t.newTeam} submit={managementTexts.make} onClose={onClose} onSubmit={make}>
      <p>{t.noTeamHint}</p>
      <NamedFields value={named} onChange={setNamed} />
    </FormDialog>
  )
}
