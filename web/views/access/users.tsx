import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { User } from '../../../src/api/shapes/user.ts'
import { useOrganization } from '../../api/me.ts'
import { change, everyUserQuery, usersQuery } from '../../api/recorded.ts'
import { askForSetup } from '../../api/token.ts'
import { Empty } from '../../parts/answers.tsx'
import { FormDialog, TextField } from '../../parts/form.tsx'
import type { Column } from '../../parts/table.tsx'
import { accessTexts as t } from '../../texts/access.ts'
import { managementTexts } from '../../texts/management.ts'
import { tokenTexts } from '../../texts/token.ts'
import { DialogButton } from '../records/dialog-button.tsx'
import { NamedFields, noName } from '../records/named-fields.tsx'
import { createdColumn, organizationColumn, statusColumn, titleColumn } from '../records/record-columns.tsx'
import { RecordTable } from '../records/record-table.tsx'

export function Users() {
  return (
    <RecordTable
      label={t.tabs.users}
      list={usersQuery}
      columns={columns}
      rowKey={({ id }) => id}
      empty={
        <Empty title={t.noUser}>
          <p>{t.noUserHint}</p>
          <button type="button" className="main" onClick={askForSetup}>
            {tokenTexts.setupTitle}
          </button>
        </Empty>
      }
    />
  )
}

const columns: readonly Column<User>[] = [
  {
    title: t.user,
    cell: ({ id, name }) => (
      <Link to="/access/users/$id" params={{ id }}>
        {name}
      </Link>
    ),
  },
  titleColumn,
  { title: t.email, from: 'desk', cell: ({ email }) => email },
  organizationColumn,
  statusColumn,
  createdColumn,
]

/** Not of the first: whoever makes that one by the operator's token would shut himself out. */
export function NewUserButton() {
  const users = useQuery(everyUserQuery).data?.items ?? []
  if (users.length === 0) return null
  return (
    <DialogButton needs="users:write" text={t.newUser} main>
      {close => <NewUser onClose={close} />}
    </DialogButton>
  )
}

/** Leads to the user's page: a role and a token come next. */
function NewUser({ onClose }: { readonly onClose: () => void }) {
  const navigate = useNavigate()
  const [named, setNamed] = useState(noName)
  const [email, setEmail] = useState('')
  const organization = useOrganization()
  const make = async () => {
    const { id } = await change<User>('POST', '/v1/users', { ...named, email, organization })
    await navigate({ to: '/access/users/$id', params: { id } })
  }
  return (
    <FormDialog title={t.newUser} submit={managementTexts.make} onClose={onClose} onSubmit={make}>
      <p>{t.newUserText}</p>
      <NamedFields value={named} onChange={setNamed} />
      <TextField label={t.email} type="email" value={email} onChange={setEmail} hint={t.emailHint} />
    </FormDialog>
  )
}
