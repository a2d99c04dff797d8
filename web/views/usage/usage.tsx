import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import { apisQuery, plansQuery } from '../../api/catalog.ts'
import { useMay } from '../../api/me.ts'
import { usageQuery } from '../../api/recorded.ts'
import { ask, query } from '../../api/request.ts'
import type { Usage } from '../../../src/api/shapes/usage.ts'
import type { UsageDimension } from '../../../src/api/shapes/usage-names.ts'
import { Answer, Empty } from '../../parts/answers.tsx'
import { Page, Panel } from '../../parts/page.tsx'
import { Select } from '../../parts/select.tsx'
import { Toggle } from '../../parts/toggle.tsx'
import { usageTexts as t } from '../../texts/usage.ts'
import { short } from '../apis/apis.tsx'
import { rangeOf, ranges, type Range } from './range.ts'
import { UsagePlot } from './usage-plot.tsx'
import { UsageTable } from './usage-table.tsx'

const here = getRouteApi('/usage')
type Group = keyof typeof t.groups
/** So many rows are told; the file has all. */
const MOST = 200
const REFRESH_MS = 15_000

export function UsageView() {
  const { range: named = 'day', group = 'api', api, application, plan } = here.useSearch()
  const navigate = here.useNavigate()
  const range: Range = named in ranges ? (named as Range) : 'day'
  const by: Group = group in t.groups ? (group as Group) : 'api'
  // As long as the page stands it is of the same time, or each look would ask for something else.
  const [openedMs] = useState(() => Date.now())
  const { from, step } = rangeOf(range, openedMs)
  const chosen = { api, application, plan, from }
  const course = useQuery({
    ...usageQuery({ ...chosen, step, limit: 2_000 }),
    refetchInterval: REFRESH_MS,
  })
  const groups = useQuery({
    ...usageQuery({ ...chosen, groupBy: by, order: 'requests', limit: MOST }),
    refetchInterval: REFRESH_MS,
  })
  const set = (name: string, value: string) =>
    void navigate({
      search: before => ({ ...before, [name]: value === '' ? undefined : value }),
      replace: true,
    })
  return (
    <Page
      title={t.title}
      about={t.about}
      actions={
        <>
          <Toggle
            label={t.range}
            value={range}
            onChange={next => set('range', next)}
            options={Object.entries(t.ranges).map(([value, text]) => ({ value: value as Range, text }))}
          />
          <CsvButton
            path={`/v1/usage${query({ ...chosen, step, groupBy: by, limit: 10_000, format: 'csv' })}`}
          />
        </>
      }
    >
      <Filters set={set} />
      <Answer query={course}>
        {usage =>
          usage.total === null || usage.total.requests === 0 ? (
            <Empty title={t.nothing}>
              <p>{t.nothingHint}</p>
            </Empty>
          ) : (
            <>
              <Panel title={t.plot}>
                <UsagePlot usage={usage} range={range} />
              </Panel>
              <Grouped groups={groups} by={by} set={set} />
            </>
          )
        }
      </Answer>
    </Page>
  )
}

interface GroupedProps {
  readonly groups: {
    readonly data: Usage | undefined
    readonly error: Error | null
    readonly refetch: () => unknown
  }
  readonly by: Group
  readonly set: (name: string, value: string) => void
}

function Grouped({ groups, by, set }: GroupedProps) {
  return (
    <Panel
      title={t.groups[by]}
      className="tabled"
      aside={
        <Select
          label={t.group}
          value={by}
          onChange={next => set('group', next)}
          options={Object.entries(t.groups).map(([value, text]) => [value, t.by(text)] as const)}
        />
      }
    >
      <Answer query={groups}>
        {usage => (
          <>
            <UsageTable usage={usage} by={by satisfies UsageDimension} />
            {usage.items.length < MOST ? null : <p className="note">{t.most(MOST)}</p>}
          </>
        )}
      </Answer>
    </Panel>
  )
}

function Filters({ set }: { readonly set: GroupedProps['set'] }) {
  const { api = '', application = '', plan = '' } = here.useSearch()
  const may = useMay()
  const declared = may('catalog:read')
  const apis = useQuery({ ...apisQuery, enabled: declared }).data?.items ?? []
  const plans = useQuery({ ...plansQuery, enabled: declared }).data?.items ?? []
  const named = (of: readonly { readonly namespace: string; readonly name: string }[], chosen: string) => {
    const names = of.map(({ namespace, name }) => `${namespace}/${name}`)
    // What is gone may still have been used.
    const all = chosen === '' || names.includes(chosen) ? names : [...names, chosen]
    return all.map(name => [name, short(name)] as const)
  }
  return (
    <search className="choices">
      <Select
        label={t.api}
        value={api}
        options={[['', t.everyApi], ...named(apis, api)]}
        onChange={next => set('api', next)}
      />
      <Select
        label={t.plan}
        value={plan}
        options={[['', t.everyPlan], ...named(plans, plan)]}
        onChange={next => set('plan', next)}
      />
      <ApplicationFilter value={application} set={set} />
    </search>
  )
}

/** Of many thousand nobody chooses from a list: those that were busiest in this time are offered, and the one that is chosen. */
function ApplicationFilter({ value, set }: { readonly value: string; readonly set: GroupedProps['set'] }) {
  const [openedMs] = useState(() => Date.now())
  const { from } = rangeOf('month', openedMs)
  const { data } = useQuery(usageQuery({ from, groupBy: 'application', order: 'requests', limit: 100 }))
  const ids = (data?.items ?? []).flatMap(({ by }) => by['application'] || [])
  const all = value === '' || ids.includes(value) ? ids : [...ids, value]
  return (
    <Select
      label={t.application}
      value={value}
      options={[['', t.everyApplication], ...all.map(id => [id, data?.names[id] ?? id] as const)]}
      onChange={next => set('application', next)}
    />
  )
}

/** A link would not send the token. */
function CsvButton({ path }: { readonly path: string }) {
  const [wrong, setWrong] = useState('')
  const save = async () => {
    const url = URL.createObjectURL(await (await ask(path)).blob())
    const link = document.createElement('a')
    link.href = url
    link.download = 'usage.csv'
    link.click()
    URL.revokeObjectURL(url)
  }
  return (
    <>
      <button
        type="button"
        onClick={() =>
          void save().then(
            () => setWrong(''),
            (error: unknown) => setWrong(String(error)),
          )
        }
      >
        {t.csv}
      </button>
      <span role="alert" className={wrong === '' ? 'hidden' : 'bad'}>
        {wrong}
      </span>
    </>
  )
}
