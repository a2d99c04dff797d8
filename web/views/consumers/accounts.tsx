import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useOrganization } from '../../api/me.ts'
import { accountsQuery, change } from '../../api/recorded.ts'
import type { Account } from '../../../src/api/shapes/account.ts'
import { date } from '../../format.ts'
import { Answer, Empty } from '../../parts/answers.tsx'
import { FormDialog, TextField } from '../../parts/form.tsx'
import { Table, type Column } from '../../parts/table.tsx'
import { consumersTexts as t } from '../../texts/consumers.ts'
import { managementTexts } from '../../texts/management.ts'
import { StatusMark } from './statuses.tsx'
import { Writes } from './writes.tsx'

// A pattern of HTML has the flag v: a "-" in a class is escaped.
export const NAME = '[a-z0-9]([\\-a-z0-9]{0,61}[a-z0-9])?'

export function Accounts() {
  const query = useQuery(accountsQuery)
  return (
    <Answer query={query}>
      {({ items, next }) =>
        items.length === 0 ? (
          <Empty title={t.noAccount}>
            <p>{t.noAccountHint}</p>
          </Empty>
        ) : (
          <>
            <Table label={t.tabs.accounts} columns={columns} rows={items} rowKey={({ id }) => id} />
            {next === null ? null : <p className="note">{managementTexts.more}</p>}
          </>
        )
      }
    </Answer>
  )
}

const columns: readonly Column<Account>[] = [
  {
    title: t.account,
    cell: ({ id, name }) => (
      <Link to="/consumers" search={{ account: id }}>
        {name}
      </Link>
    ),
  },
  { title: t.titleOf, from: 'tablet', cell: ({ title }) => title },
  { title: t.organization, width: 10, from: 'desk', cell: ({ organization }) => organization.name },
  { title: t.status, width: 8, cell: ({ status }) => <StatusMark status={status} /> },
  { title: t.created, width: 9, from: 'tablet', cell: ({ createdAt }) => date(createdAt) },
]

export function NewAccountButton() {
  const [open, setOpen] = useState(false)
  return (
    <Writes needs="accounts:write">
      <button type="button" className="main" onClick={() => setOpen(true)}>
        {t.newAccount}
      </button>
      {open ? <NewAccount onClose={() => setOpen(false)} /> : null}
    </Writes>
  )
}

function NewAccount({ onClose }: { readonly onClose: () => void }) {
  const [name, setName] = useState('')
  const [title, setTitle] = useState('')
  const organization = useOrganization()
  return (
    <FormDialog
      title={t.newAccount}
      submit={t.make}
      onClose={onClose}
      onSubmit={() => change('POST', '/v1/accounts', { name, title, organization })}
    >
      <TextField
        label={t.name}
        value={name}
        onChange={setName}
        required
        pattern={NAME}
        hint={managementTexts.nameHint}
      />
      <TextField label={t.titleOf} value={title} onChange={setTitle} />
    </FormDialog>
  )
}
