import { useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useState } from 'react'
import { subscriptionsQuery } from '../../api/recorded.ts'
import type { Subscription } from '../../../src/api/shapes/subscription.ts'
import { date } from '../../format.ts'
import { Answer, Empty } from '../../parts/answers.tsx'
import { Select } from '../../parts/select.tsx'
import { consumersTexts as t } from '../../texts/consumers.ts'
import { managementTexts } from '../../texts/management.ts'
import { short } from '../apis/apis.tsx'
import { AccountFilter } from './applications.tsx'
import { StatusMark } from './statuses.tsx'
import { ChangePlan, Step, stepsOf, type StepName } from './subscription-steps.tsx'
import { Writes } from './writes.tsx'

const here = getRouteApi('/consumers/')
const statuses = ['pending', 'active', 'suspended', 'rejected', 'cancelled'] as const

export function Subscriptions() {
  const { account, status = '' } = here.useSearch()
  const navigate = here.useNavigate()
  const query = useInfiniteQuery(subscriptionsQuery({ account, status }))
  const rows = query.data?.pages.flatMap(page => page.items) ?? []
  const empty =
    status === 'pending' ? t.noPending : status === '' && account === undefined ? t.noSubscription : t.noneOf
  return (
    <>
      <div className="choices">
        <Select
          label={t.status}
          value={status}
          options={[['', t.everyStatus], ...statuses.map(one => [one, t.statuses[one]] as const)]}
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
    <section className="table-scroll short steps-table" aria-label={t.subscriptions} tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">{own ? t.product : t.application}</th>
            {own ? null : <th scope="col">{t.product}</th>}
            <th scope="col">{t.plan}</th>
            <th scope="col">{t.status}</th>
            <th scope="col" className="desk">
              {t.since}
            </th>
            <th scope="col">
              <span className="hidden">{t.actions}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(row => (
            <Row key={row.id} row={row} own={own} onDo={setDoing} />
          ))}
        </tbody>
      </table>
      {doing === null ? null : doing.what === 'plan' ? (
        <ChangePlan subscription={doing.of} onClose={close} />
      ) : (
        <Step step={doing.what} subscription={doing.of} onClose={close} />
      )}
    </section>
  )
}

interface RowProps {
  readonly row: Subscription
  readonly own: boolean
  readonly onDo: (doing: Doing) => void
}

function Row({ row, own, onDo }: RowProps) {
  const { application, account, product, plan, status, since, reason } = row
  return (
    <tr>
      {own ? null : (
        <th scope="row">
          <Link to="/consumers/$id" params={{ id: application.id }}>
            {application.name}
          </Link>{' '}
          <small className="muted">{t.of(account.name)}</small>
        </th>
      )}
      {own ? <th scope="row">{short(product)}</th> : <td>{short(product)}</td>}
      <td>{short(plan)}</td>
      <td>
        <StatusMark status={status} /> {reason === '' ? null : <small className="muted">{reason}</small>}
      </td>
      <td className="desk">{since === null ? '' : date(since)}</td>
      <td className="row-actions">
        {status === 'active' ? (
          <Writes needs="subscriptions:write" quiet>
            <button type="button" onClick={() => onDo({ what: 'plan', of: row })}>
              {t.changePlan}
            </button>
          </Writes>
        ) : null}
        {stepsOf(status).map(([step, needs]) => (
          <Writes key={step} needs={needs} quiet>
            <button
              type="button"
              className={step === 'approve' ? 'main' : undefined}
              onClick={() => onDo({ what: step, of: row })}
            >
              {t[step]}
            </button>
          </Writes>
        ))}
      </td>
    </tr>
  )
}
