import { useMutation } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import { useMay } from '../api/me.ts'
import { auditQuery } from '../api/recorded.ts'
import { askJson } from '../api/request.ts'
import type { AuditEvent, AuditVerdict } from '../../src/api/shapes/audit.ts'
import { clock, date } from '../format.ts'
import { Empty } from '../parts/answers.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { FilterField } from '../parts/filter-field.tsx'
import { Facts, Page } from '../parts/page.tsx'
import { Select } from '../parts/select.tsx'
import type { Column } from '../parts/table.tsx'
import { auditTexts as t } from '../texts/audit.ts'
import { managementTexts } from '../texts/management.ts'
import { Closed } from './records/closed.tsx'
import { RecordTable } from './records/record-table.tsx'

const here = getRouteApi('/audit')
const kinds = [
  'account',
  'application',
  'credential',
  'object',
  'organization',
  'role-binding',
  'subscription',
  'team',
  'token',
  'user',
]

export function Audit() {
  const may = useMay()
  return (
    <Page title={t.title} about={t.about} filled actions={may('audit:read') ? <Verify /> : undefined}>
      <Closed needs="audit:read">
        <Events />
      </Closed>
    </Page>
  )
}

function Events() {
  const search = here.useSearch()
  const navigate = here.useNavigate()
  const [shown, setShown] = useState<AuditEvent | null>(null)
  const set = (name: 'actor' | 'kind' | 'object') => (value: string) =>
    void navigate({
      search: before => ({ ...before, [name]: value === '' ? undefined : value }),
      replace: true,
    })
  const isFiltered = Object.values(search).some(Boolean)
  return (
    <>
      <search className="choices">
        <FilterField first label={t.actor} value={search.actor ?? ''} onChange={set('actor')} />
        <Select
          label={t.kind}
          value={search.kind ?? ''}
          options={[['', t.everyKind], ...kinds.map(kind => [kind, kind] as const)]}
          onChange={set('kind')}
        />
        <FilterField label={t.object} value={search.object ?? ''} onChange={set('object')} />
      </search>
      <RecordTable
        label={t.title}
        list={auditQuery(search)}
        columns={columnsOf(setShown)}
        rowKey={({ seq }) => String(seq)}
        empty={
          <Empty title={isFiltered ? managementTexts.noneOf : t.nothing}>
            <p>{t.nothingHint}</p>
          </Empty>
        }
      />
      {shown === null ? null : <Event event={shown} onClose={() => setShown(null)} />}
    </>
  )
}

function columnsOf(show: (event: AuditEvent) => void): readonly Column<AuditEvent>[] {
  return [
    {
      title: t.action,
      width: 14,
      cell: event => (
        <button type="button" className="link" onClick={() => show(event)}>
          {event.action}
        </button>
      ),
    },
    { title: t.name, cell: event => <span title={event.object}>{nameOf(event)}</span> },
    { title: t.who, width: 10, from: 'tablet', cell: ({ actor }) => <span title={actor}>{actor}</span> },
    { title: t.by, width: 12, from: 'wide', cell: ({ by }) => <span title={by}>{by}</span> },
    {
      title: t.when,
      width: 12,
      from: 'desk',
      cell: ({ at }) => (
        <span title={at}>
          {date(at)} <small className="muted">{clock(at)}</small>
        </span>
      ),
    },
  ]
}

/** Of a subscription, which has no name, what it is to. */
function nameOf({ name, object, before, after }: AuditEvent): string {
  const { product, plan } = (after ?? before ?? {}) as { readonly product?: string; readonly plan?: string }
  return (
    name ||
    [product, plan]
      .filter(part => part !== undefined)
      .map(part => part.replace(/^default\//, ''))
      .join(', ') ||
    object
  )
}

function Event({ event, onClose }: { readonly event: AuditEvent; readonly onClose: () => void }) {
  const { action, object, actor, by, at, request, hash, before, after } = event
  return (
    <Dialog open onClose={onClose} title={`${action} ${nameOf(event)}`} className="broad">
      <div className="form">
        <Facts
          rows={[
            [t.when, at],
            [t.who, actor],
            [t.by, by],
            [t.name, <code key="id">{object}</code>],
            [t.request, request],
            [t.hash, <code key="hash">{hash}</code>],
          ]}
        />
        <div className="before-after">
          <State title={t.before} value={before} none={t.was} />
          <State title={t.after} value={after} none={t.gone} />
        </div>
      </div>
    </Dialog>
  )
}

function State({
  title,
  value,
  none,
}: {
  readonly title: string
  readonly value: unknown
  readonly none: string
}) {
  return (
    <section aria-label={title}>
      <h3>{title}</h3>
      {value === null ? (
        <p className="note">{none}</p>
      ) : (
        <pre tabIndex={0}>{JSON.stringify(value, null, 2)}</pre>
      )}
    </section>
  )
}

/** Reads the whole chain. */
function Verify() {
  const verdict = useMutation({ mutationFn: () => askJson<AuditVerdict>('/v1/audit/verify') })
  const { data, error } = verdict
  return (
    <>
      <span role="status" className={data?.ok === true ? 'verdict' : 'verdict bad'}>
        {data === undefined ? error?.message : data.ok ? t.whole(data.events) : t.broken(data.fault ?? '')}
      </span>
      <button type="button" onClick={() => verdict.mutate()}>
        {t.verify}
      </button>
    </>
  )
}
