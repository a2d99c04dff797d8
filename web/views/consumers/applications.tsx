import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { useMay, useOrganization } from '../../api/me.ts'
import { accountsQuery, applicationsQuery, change } from '../../api/recorded.ts'
import type { Account } from '../../../src/api/shapes/account.ts'
import type { Application } from '../../../src/api/shapes/application.ts'
import { date } from '../../format.ts'
import { Answer, Empty } from '../../parts/answers.tsx'
import { FormDialog, TextField } from '../../parts/form.tsx'
import { Select } from '../../parts/select.tsx'
import { Table, type Column } from '../../parts/table.tsx'
import { consumersTexts as t } from '../../texts/consumers.ts'
import { managementTexts } from '../../texts/management.ts'
import { NAME } from './accounts.tsx'
import { StatusMark } from './statuses.tsx'
import { Writes } from './writes.tsx'

const here = getRouteApi('/consumers/')

export function Applications() {
  const { account } = here.useSearch()
  const query = useInfiniteQuery(applicationsQuery({ account }))
  const rows = query.data?.pages.flatMap(page => page.items) ?? []
  const onEnd = () => {
    if (query.hasNextPage && !query.isFetching) void query.fetchNextPage()
  }
  return (
    <>
      <AccountFilter />
      <Answer query={query}>
        {() =>
          rows.length === 0 ? (
            <Empty title={account === undefined ? t.nothing : t.noneOf}>
              <p>{t.nothingHint}</p>
            </Empty>
          ) : (
            <Table
              label={t.tabs.applications}
              columns={columns}
              rows={rows}
              rowKey={({ id }) => id}
              onEnd={onEnd}
            />
          )
        }
      </Answer>
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
  { title: t.organization, width: 10, from: 'desk', cell: ({ organization }) => organization.name },
  { title: t.status, width: 8, cell: ({ status }) => <StatusMark status={status} /> },
  { title: t.created, width: 9, from: 'tablet', cell: ({ createdAt }) => date(createdAt) },
]

export function NewApplicationButton() {
  const [open, setOpen] = useState(false)
  return (
    <Writes needs="applications:write">
      <button type="button" className="main" onClick={() => setOpen(true)}>
        {t.newApplication}
      </button>
      {open ? <NewApplication onClose={() => setOpen(false)} /> : null}
    </Writes>
  )
}

/** Leads to the page of what it has made: keys and subscriptions come next. */
function NewApplication({ onClose }: { readonly onClose: () => void }) {
  const navigate = useNavigate()
  const may = useMay()
  const accounts = useQuery(accountsQuery).data?.items ?? []
  const [account, setAccount] = useState('')
  const [name, setName] = useState('')
  const [title, setTitle] = useState('')
  const organization = useOrganization()
  const make = async () => {
    const there = accounts.find(one => one.name === account)
    const made =
      there === undefined && may('accounts:write')
        ? await change<Account>('POST', '/v1/accounts', { name: account, organization })
        : there
    const of = made?.id ?? account
    const { id } = await change<Application>('POST', '/v1/applications', { account: of, name, title })
    await navigate({ to: '/consumers/$id', params: { id } })
  }
  return (
    <FormDialog title={t.newApplication} submit={t.make} onClose={onClose} onSubmit={make}>
      <TextField
        label={t.account}
        value={account}
        onChange={setAccount}
        required
        pattern={NAME}
        hint={t.accountHint}
        options={accounts.map(one => one.name)}
      />
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
