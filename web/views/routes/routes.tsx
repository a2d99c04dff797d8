import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useMemo } from 'react'
import { useLive } from '../../api/figures.ts'
import { gatewaysQuery, rulesQuery } from '../../api/queries.ts'
import type { Figures } from '../../../src/admin/shapes/figures.ts'
import type { Rule } from '../../../src/admin/shapes/rule.ts'
import { duration, percent, rate } from '../../format.ts'
import { Answer, Empty } from '../../parts/answers.tsx'
import { FilterField } from '../../parts/filter-field.tsx'
import { RouteLink } from '../../parts/links.tsx'
import { Mark } from '../../parts/mark.tsx'
import { Page } from '../../parts/page.tsx'
import { Select } from '../../parts/select.tsx'
import { Table, type Column } from '../../parts/table.tsx'
import { tableTexts } from '../../texts/common.ts'
import { routesTexts as t } from '../../texts/routes.ts'
import { actionText, hostText, matchText, ruleTone } from '../summaries.ts'

const here = getRouteApi('/routes/')

export function Routes() {
  const search = here.useSearch()
  const navigate = here.useNavigate()
  const query = useInfiniteQuery(rulesQuery(search))
  const rows = useMemo(() => query.data?.pages.flatMap(page => page.items) ?? [], [query.data])
  const total = query.data?.pages[0]?.total
  const { data: topology } = useQuery(gatewaysQuery)
  const listeners = topology?.gateways.flatMap(gateway => gateway.listeners.map(({ name }) => name)) ?? []
  const change = (values: typeof search) => void navigate({ search: { ...search, ...values }, replace: true })
  return (
    <Page
      title={t.title}
      filled
      about={query.data === undefined ? undefined : tableTexts.count(rows.length, total, t.nouns)}
      actions={
        <>
          <FilterField first label={t.filter} value={search.q ?? ''} onChange={q => change({ q })} />
          {listeners.length < 2 ? null : (
            <Select
              label={t.listener}
              value={search.listener ?? ''}
              options={[['', t.everyListener], ...listeners.map(name => [name, name] as const)]}
              onChange={listener => change({ listener })}
            />
          )}
        </>
      }
    >
      <Answer query={query}>
        {() =>
          rows.length === 0 ? (
            <Nothing filtered={(search.q ?? '') !== '' || (search.listener ?? '') !== ''} />
          ) : (
            <RuleTable
              rows={rows}
              total={total}
              onEnd={query.hasNextPage ? () => void next(query) : undefined}
            />
          )
        }
      </Answer>
    </Page>
  )
}

interface Pages {
  readonly isFetching: boolean
  readonly fetchNextPage: () => Promise<unknown>
}

function next({ isFetching, fetchNextPage }: Pages) {
  return isFetching ? undefined : fetchNextPage()
}

function Nothing({ filtered }: { readonly filtered: boolean }) {
  return filtered ? (
    <Empty title={t.noMatch} role="status" />
  ) : (
    <Empty title={t.nothing}>
      <p>{t.nothingHint}</p>
      <pre>bin/portcullis init</pre>
    </Empty>
  )
}

interface TableProps {
  readonly rows: readonly Rule[]
  readonly total: number | undefined
  readonly onEnd: (() => void) | undefined
}

function RuleTable({ rows, total, onEnd }: TableProps) {
  const { routes } = useLive()
  return (
    <Table
      label={t.title}
      columns={columnsOf(routes)}
      rows={rows}
      rowKey={({ id }) => id}
      total={total}
      onEnd={onEnd}
    />
  )
}

function columnsOf(figures: ReadonlyMap<string, Figures['routes'][number]>): readonly Column<Rule>[] {
  return [
    { title: t.rule, cell: rule => <Name rule={rule} /> },
    { title: t.hosts, from: 'desk', cell: ({ hostnames }) => <Text text={hostText(hostnames)} /> },
    {
      title: t.match,
      from: 'tablet',
      cell: ({ matches }) => <Text code text={matches.map(matchText).join(' | ')} />,
    },
    { title: t.goes, from: 'tablet', cell: ({ action }) => <Text text={actionText(action)} /> },
    { title: t.rate, width: 5.5, numeric: true, cell: ({ id }) => rate(figures.get(id)?.requestsPerS ?? 0) },
    { title: t.errors, width: 4.5, numeric: true, cell: ({ id }) => <Errors sums={figures.get(id)} /> },
    {
      title: t.p99,
      width: 5.5,
      numeric: true,
      from: 'desk',
      cell: ({ id }) => duration(figures.get(id)?.p99Ms),
    },
  ]
}

function Name({ rule }: { readonly rule: Rule }) {
  const tone = ruleTone(rule)
  return (
    <>
      <i className={`dot ${tone}`} />
      <RouteLink id={rule.id} />
      {rule.closed ? <Mark tone="bad">{t.closed}</Mark> : null}
    </>
  )
}

function Text({ text, code = false }: { readonly text: string; readonly code?: boolean }) {
  return code ? <code title={text}>{text}</code> : <span title={text}>{text}</span>
}

export function Errors({
  sums,
}: {
  readonly sums: { requestsPerS: number; errorsPerS: number } | undefined
}) {
  if (sums === undefined || sums.requestsPerS === 0 || sums.errorsPerS === 0) return '0'
  return <span className="bad">{percent(sums.errorsPerS / sums.requestsPerS)}</span>
}
