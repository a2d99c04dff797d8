import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useOrganization } from '../../api/me.ts'
import { accountsQuery, change } from '../../api/recorded.ts'
import type { Account } from '../../../src/api/shapes/account.ts'
import { Answer, Empty } from '../../parts/answers.tsx'
import { FormDialog } from '../../parts/form.tsx'
import { ShortTable } from '../../parts/short-table.tsx'
import type { Column } from '../../parts/table.tsx'
import { consumersTexts as t } from '../../texts/consumers.ts'
import { managementTexts } from '../../texts/management.ts'
import { DialogButton } from '../records/dialog-button.tsx'
import { NamedFields, noName } from '../records/named-fields.tsx'
import { createdColumn, organizationColumn, statusColumn, titleColumn } from '../records/record-columns.tsx'
import { DeleteAccount } from './delete-account.tsx'

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
            <ShortTable
              label={t.tabs.accounts}
              columns={columns}
              rows={items}
              rowKey={({ id }) => id}
              className="steps-table"
            />
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
  titleColumn,
  organizationColumn,
  statusColumn,
  createdColumn,
  { title: managementTexts.actions, steps: true, cell: account => <Steps account={account} /> },
]

function Steps({ account }: { readonly account: Account }) {
  const { id, name, title, status } = account
  const isActive = status === 'active'
  const step = isActive ? t.suspend : t.resume
  const body = { title, status: isActive ? 'suspended' : 'active' }
  return (
    <>
      <DialogButton needs="accounts:write" text={step} quiet>
        {close => (
          <FormDialog
            title={t.stepTitle(step, name)}
            submit={step}
            danger={isActive}
            onClose={close}
            onSubmit={() => change('PUT', `/v1/accounts/${id}`, body)}
          >
            {isActive ? <p>{t.suspendAccount}</p> : null}
          </FormDialog>
        )}
      </DialogButton>
      <DialogButton needs="accounts:write" text={managementTexts.delete} quiet>
        {close => <DeleteAccount account={account} onClose={close} />}
      </DialogButton>
    </>
  )
}

export function NewAccountButton() {
  return (
    <DialogButton needs="accounts:write" text={t.newAccount} main>
      {close => <NewAccount onClose={close} />}
    </DialogButton>
  )
}

function NewAccount({ onClose }: { readonly onClose: () => void }) {
  const [named, setNamed] = useState(noName)
  const organization = useOrganization()
  return (
    <FormDialog
      title={t.newAccount}
      submit={managementTexts.make}
      onClose={onClose}
      onSubmit={() => change('POST', '/v1/accounts', { ...named, organization })}
    >
      <NamedFields value={named} onChange={setNamed} />
    </FormDialog>
  )
}
