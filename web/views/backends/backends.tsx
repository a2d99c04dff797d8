import { useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useMemo } from 'react'
import { useLive } from '../../api/figures.ts'
import { clustersQuery } from '../../api/queries.ts'
import type { Figures } from '../../../src/admin/shapes/figures.ts'
import type { Cluster } from '../../../src/admin/shapes/cluster.ts'
import { count, duration, rate } from '../../format.ts'
import { Answer, Empty } from '../../parts/answers.tsx'
import { FilterField } from '../../parts/filter-field.tsx'
import { ClusterLink } from '../../parts/links.tsx'
import { Mark } from '../../parts/mark.tsx'
import { Page } from '../../parts/page.tsx'
import { Table, type Column } from '../../parts/table.tsx'
import { backendsTexts as t } from '../../texts/backends.ts'
import { tableTexts } from '../../texts/common.ts'
import { Errors } from '../routes/routes.tsx'
import { balancerText, healthOf } from '../summaries.ts'

const here = getRouteApi('/backends/')

export function Backends() {
  const search = here.useSearch()
  const navigate = here.useNavigate()
  const query = useInfiniteQuery(clustersQuery(search))
  const rows = useMemo(() => query.data?.pages.flatMap(page => page.items) ?? [], [query.data])
  const total = query.data?.pages[0]?.total
  const { clusters } = useLive()
  const onEnd = () => {
    if (query.hasNextPage && !query.isFetching) void query.fetchNextPage()
  }
  return (
    <Page
      title={t.title}
      filled
      about={query.data === undefined ? undefined : tableTexts.count(rows.length, total, t.nouns)}
      actions={
        <FilterField
          first
          label={t.filter}
          value={search.q ?? ''}
          onChange={q => void navigate({ search: { q }, replace: true })}
        />
      }
    >
      <Answer query={query}>
        {() =>
          rows.length === 0 ? (
            <Empty title={(search.q ?? '') === '' ? t.nothing : t.noMatch}>
              <p>{(search.q ?? '') === '' ? t.nothingHint : null}</p>
            </Empty>
          ) : (
            <Table
              label={t.title}
              columns={columnsOf(clusters)}
              rows={rows}
              rowKey={({ name }) => name}
              total={total}
              onEnd={onEnd}
            />
          )
        }
      </Answer>
    </Page>
  )
}

function columnsOf(figures: ReadonlyMap<string, Figures['clusters'][number]>): readonly Column<Cluster>[] {
  return [
    { title: t.cluster, cell: ({ name }) => <ClusterLink name={name} /> },
    {
      title: t.state,
      width: 9,
      cell: cluster => <State cluster={cluster} sums={figures.get(cluster.name)} />,
    },
    {
      title: t.endpoints,
      width: 6,
      numeric: true,
      from: 'tablet',
      cell: ({ endpoints }) => count(endpoints.length),
    },
    { title: t.protocol, width: 6, from: 'wide', cell: ({ protocol }) => protocol },
    { title: t.balancer, width: 9, from: 'desk', cell: ({ balancer }) => balancerText(balancer) },
    {
      title: t.rate,
      width: 5.5,
      numeric: true,
      cell: ({ name }) => rate(figures.get(name)?.requestsPerS ?? 0),
    },
    {
      title: t.errors,
      width: 4.5,
      numeric: true,
      from: 'tablet',
      cell: ({ name }) => <Errors sums={figures.get(name)} />,
    },
    {
      title: t.p99,
      width: 5.5,
      numeric: true,
      from: 'desk',
      cell: ({ name }) => duration(figures.get(name)?.p99Ms),
    },
    {
      title: t.connections,
      width: 7.5,
      numeric: true,
      from: 'wide',
      cell: ({ name }) =>
        count((figures.get(name)?.connectionsActive ?? 0) + (figures.get(name)?.connectionsIdle ?? 0)),
    },
    {
      title: t.pending,
      width: 5,
      numeric: true,
      from: 'wide',
      cell: ({ name }) => count(figures.get(name)?.pending ?? 0),
    },
  ]
}

/** Of this second where there are figures of it. */
function State({
  cluster,
  sums,
}: {
  readonly cluster: Cluster
  readonly sums: Figures['clusters'][number] | undefined
}) {
  const { tone, text } = healthOf(cluster, sums)
  return <Mark tone={tone}>{text}</Mark>
}
