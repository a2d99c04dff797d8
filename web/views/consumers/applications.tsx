import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { useMay, useOrganization } from '../../api/me.ts'
import { accountsQuery, applicationsQuery, change } from '../../api/recorded.ts'
import type { Account } from '../../../src/api/shapes/account.ts'
import type { Application } from '../../../src/api/shapes/application.ts'
import { Empty } from '../../parts/answers.tsx'
import { FormDialog, TextField } from '../../parts/form.tsx'
import { Select } from '../../parts/select.tsx'
import type { Column } from '../../parts/table.tsx'
import { consumersTexts as t } from '../../texts/consumers.ts'
import { managementTexts } from '../../texts/management.ts'
import { DialogButton } from '../records/dialog-button.tsx'
import { NAME, NamedFields, noName } from '../records/named-fields.tsx'
import { createdColumn, organizationColumn, statusColumn } from '../records/record-columns.tsx'
import { RecordTable } from '../records/record-table.tsx'

const here = getRouteApi('/consumers/')

export function Applications() {
  const { account } = here.useSearch()
  return (
    <>
      <AccountFilter />
      <RecordTable
        label={t.tabs.applications}
        list={applicationsQuery({ account })}
        columns={columns}
        rowKey={({ id }) => id}
        empty={
          <Empty title={account === undefined ? t.nothing : managementTexts.noneOf}>
            <p>{t.nothingHint}</p>
          </Empty>
        }
      />
    </>
  )
}

export function AccountFilter() {
  const { account = '' } = here.useSearch()
  const navigate = here.useNavigate()
  const accounts = useQuery(accountsQuery).data?.items ?? []
  if (accounts.length === 0) return null
  return (
    <search className="choices">
      <Select
        label={t.account}
        value={account}
        options={[['', t.everyAccount], ...accounts.map(({ id, name }) => [id, name] as const)]}
        onChange={next =>
          void navigate({
            search: ({ account: _, ...others }) => (next === '' ? others : { ...others, account: next }),
            replace: true,
          })
        }
      />
    </search>
  )
}

const columns: readonly Column<Application>[] = [
  {
    title: t.application,
    cell: ({ id, name, title }) => (
      <>
        <Link to="/consumers/$id" params={{ id }}>
          {name}
        </Link>
        {title === '' ? null : <small className="beside">{title}</small>}
      </>
    ),
  },
  { title: t.account, cell: ({ account }) => account.name },
  organizationColumn,
  statusColumn,
  createdColumn,
]

export function NewApplicationButton() {
  return (
    <DialogButton needs="applications:write" text={t.newApplication} main>
      {close => <NewApplication onClose={close} />}
    </DialogButton>
  )
}

/** Leads to the page of what it has made: keys and subscriptions come next. */
function NewApplication({ onClose }: { readonly onClose: () => void }) {
  const navigate = useNavigate()
  const may = useMay()
  const accounts = useQuery(accountsQuery).data?.items ?? []
  const [account, setAccount] = useState('')
  const [named, setNamed] = useState(noName)
  const organization = useOrganization()
  const make = async () => {
    const there = accounts.find(one => one.name === account)
    const made =
      there === undefined && may('accounts:write')
        ? await change<Account>('POST', '/v1/accounts', { name: account, organization })
        : there
    const of = made?.id ?? account
    const { id } = await change<Application>('POST', '/v1/applications', { account: of, ...named })
    await navigate({ to: '/consumers/$id', params: { id } })
  }
  return (
    <FormDialog title={t.newApplication} submit={managementTexts.make} onClose={onClose} onSubmit={make}>
      <TextField
        label={t.account}
        value={account}
        onChange={setAccount}
        required
        pattern={NAME}
        hint={t.accountHint}
        options={accounts.map(one => one.name)}
      />
      <NamedFields value={named} onChange={setNamed} />
    </FormDialog>
  )
}
