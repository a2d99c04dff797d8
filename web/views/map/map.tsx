import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import { useLive } from '../../api/figures.ts'
import { certificatesQuery, clustersByName, rulesById, topologyQuery } from '../../api/queries.ts'
import type { Rule } from '../../../src/admin/shapes/rule.ts'
import { Answer, Empty } from '../../parts/answers.tsx'
import { FilterField } from '../../parts/filter-field.tsx'
import { Page } from '../../parts/page.tsx'
import { Mark } from '../../parts/mark.tsx'
import { mapTexts as t } from '../../texts/map.ts'
import { Canvas } from './canvas.tsx'
import { graphOf } from './graph.ts'

const MOST = 30
const here = getRouteApi('/map')

export function MapView() {
  const { q } = here.useSearch()
  const navigate = here.useNavigate()
  const { routes, clusters } = useLive()
  // Without a filter: those with errors, then the busiest, then from the beginning. Chosen anew when asked, since a map that jumps cannot be read.
  const [busiest] = useState(() => worst(routes))
  const topology = useQuery(topologyQuery({ q, limit: MOST }))
  const { data: chosen } = useQuery(rulesById(q === undefined ? busiest : []))
  const { data: certificates } = useQuery(certificatesQuery)
  const rules = useMemo(
    () =>
      distinct([
        ...(q === undefined ? (chosen?.items ?? []) : []),
        ...(topology.data?.rules.items ?? []),
      ]).slice(0, MOST),
    [chosen, topology.data, q],
  )
  const names = useMemo(() => clusterNames(rules), [rules])
  const { data: drawn } = useQuery(clustersByName(names))
  const total = topology.data?.rules.total ?? rules.length
  return (
    <Page
      title={t.title}
      about={total > rules.length ? t.more(rules.length, total) : t.about}
      actions={
        <FilterField
          first
          label={t.filter}
          value={q ?? ''}
          onChange={text => void navigate({ search: text === '' ? {} : { q: text }, replace: true })}
        />
      }
    >
      <Answer query={topology}>
        {({ gateways }) =>
          gateways.length === 0 ? (
            <Empty title={t.nothing}>
              <p>{t.nothingHint}</p>
              <pre>bin/portcullis init</pre>
            </Empty>
          ) : rules.length === 0 && q !== undefined ? (
            <Empty title={t.noMatch} role="status" />
          ) : (
            <Canvas
              {...graphOf({
                gateways,
                rules,
                clusters: drawn?.items ?? [],
                certificates: certificates?.items ?? [],
                routeFigures: routes,
                clusterFigures: clusters,
              })}
            />
          )
        }
      </Answer>
      <p className="legend" aria-hidden="true">
        {(['good', 'warn', 'bad', 'quiet'] as const).map(tone => (
          <Mark key={tone} tone={tone}>
            {t.legend[tone]}
          </Mark>
        ))}
      </p>
    </Page>
  )
}

function worst(routes: ReturnType<typeof useLive>['routes']): readonly string[] {
  return [...routes.values()]
    .toSorted(
      (a, b) => Number(b.errorsPerS > 0) - Number(a.errorsPerS > 0) || b.requestsPerS - a.requestsPerS,
    )
    .slice(0, MOST)
    .map(({ id }) => id)
}

function distinct(rules: readonly Rule[]): readonly Rule[] {
  return [...new Map(rules.map(rule => [rule.id, rule])).values()]
}

function clusterNames(rules: readonly Rule[]): readonly string[] {
  const names = rules.flatMap(({ action }) =>
    action.type === 'forward' ? action.backends.flatMap(({ cluster }) => cluster ?? []) : [],
  )
  return [...new Set(names)].slice(0, 100)
}
