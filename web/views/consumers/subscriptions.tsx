import { useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useState } from 'react'
import { subscriptionsQuery } from '../../api/recorded.ts'
import type { Subscription } from '../../../src/api/shapes/subscription.ts'
import { date } from '../../format.ts'
import { Answer, Empty } from '../../parts/answers.tsx'
import { ShortTable } from '../../parts/short-table.tsx'
import type { Column } from '../../parts/table.tsx'
import { Select } from '../../parts/select.tsx'
import { consumersTexts as t } from '../../texts/consumers.ts'
import { managementTexts, statusTexts } from '../../texts/management.ts'
import { short } from '../apis/apis.tsx'
import { AccountFilter } from './applications.tsx'
import { StatusMark } from '../records/statuses.tsx'
import { ChangePlan, Step, stepsOf, type StepName } from './subscription-steps.tsx'
import { leftTexts } from '../../texts/left.ts'
import { Left } from './left.tsx'
import { Writes } from '../records/writes.tsx'

const here = getRouteApi('/consumers/')
const statuses = ['pending', 'active', 'suspended', 'rejected', 'cancelled'] as const

export function Subscriptions() {
  const { account, status = '' } = here.useSearch()
  const navigate = here.useNavigate()
  const query = useInfiniteQuery(subscriptionsQuery({ account, status }))
  const rows = query.data?.pages.flatMap(page => page.items) ?? []
  const empty =
    status === 'pending'
      ? t.noPending
      : status === '' && account === undefined
        ? t.noSubscription
        : managementTexts.noneOf
  return (
    <>
      <div className="choices">
        <Select
          label={managementTexts.status}
          value={status}
          options={[['', t.everyStatus], ...statuses.map(one => [one, statusTexts[one]] as const)]}
          onChange={next =>
            void navigate({
              search: ({ status: _, ...others }) => (next === '' ? others : { ...others, status: next }),
              replace: true,
            })
          }
        />
        <AccountFilter />
      </div>
      <Answer query={query}>
        {() =>
          rows.length === 0 ? (
            <Empty title={empty}>
              <p>{t.noSubscriptionHint}</p>
            </Empty>
          ) : (
            <>
              <SubscriptionTable rows={rows} />
              {query.hasNextPage ? (
                <button type="button" onClick={() => void query.fetchNextPage()}>
                  {managementTexts.older}
                </button>
              ) : null}
            </>
          )
        }
      </Answer>
    </>
  )
}

interface TableProps {
  readonly rows: readonly Subscription[]
  /** On the page of the application that they are of. */
  readonly own?: boolean
}

interface Doing {
  readonly what: StepName | 'plan'
  readonly of: Subscription
}

export function SubscriptionTable({ rows, own = false }: TableProps) {
  const [doing, setDoing] = useState<Doing | null>(null)
  const close = () => setDoing(null)
  return (
    <>
      <ShortTable
        label={t.subscriptions}
        columns={
          own
            ? [productColumn, ...columnsOf(setDoing, leftColumn)]
            : [applicationColumn, productColumn, ...columnsOf(setDoing)]
        }
        rows={rows}
        rowKey={({ id }) => id}
        className="steps-table"
      />
      {doing === null ? null : doing.what === 'plan' ? (
        <ChangePlan subscription={doing.of} onClose={close} />
      ) : (
        <Step step={doing.what} subscription={doing.of} onClose={close} />
      )}
    </>
  )
}

const applicationColumn: Column<Subscription> = {
  title: t.application,
  cell: ({ application, account }) => (
    <>
      <Link to="/consumers/$id" params={{ id: application.id }}>
        {application.name}
      </Link>{' '}
      <small className="muted">{t.of(account.name)}</small>
    </>
  ),
}
const productColumn: Column<Subscription> = { title: t.product, cell: ({ product }) => short(product) }

type Do = (doing: Doing) => void

/** On the page of an application alone: each subscription is asked for by itself. */
const leftColumn: Column<Subscription> = {
  title: leftTexts.title,
  cell: ({ id, status }) => (status === 'active' ? <Left subscription={id} /> : null),
}

const columnsOf = (onDo: Do, ...more: readonly Column<Subscription>[]): readonly Column<Subscription>[] => [
  { title: t.plan, cell: ({ plan }) => short(plan) },
  {
    title: managementTexts.status,
    cell: ({ status, reason }) => (
      <>
        <StatusMark status={status} /> {reason === '' ? null : <small className="muted">{reason}</small>}
      </>
    ),
  },
  ...more,
  { title: t.since, from: 'desk', cell: ({ since }) => (since === null ? '' : date(since)) },
  { title: managementTexts.actions, steps: true, cell: row => <Steps of={row} onDo={onDo} /> },
]

function Steps({ of, onDo }: { readonly of: Subscription; readonly onDo: Do }) {
  return (
    <>
      {of.status === 'active' ? (
        <Writes needs="subscriptions:write" quiet>
          <button type="button" onClick={() => onDo({ what: 'plan', of })}>
            {t.changePlan}
          </button>
        </Writes>
      ) : null}
      {stepsOf(of.status).map(([step, needs]) => (
        <Writes key={step} needs={needs} quiet>
          <button
            type="button"
            className={step === 'approve' ? 'main' : undefined}
            onClick={() => onDo({ what: step, of })}
          >
            {t[step]}
          </button>
        </Writes>
      ))}
    </>
  )
}
