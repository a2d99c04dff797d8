import { useQueries } from '@tanstack/react-query'
import { policiesQuery, policyConditionsQuery, policyKinds } from '../../api/catalog.ts'
import type { Objects } from '../../../src/admin/shapes/object.ts'
import type { Condition } from '../../../src/api/shapes/condition.ts'
import { Answer } from '../../parts/answers.tsx'
import { ObjectLink, Place } from '../../parts/links.tsx'
import { Mark } from '../../parts/mark.tsx'
import { Table, type Column } from '../../parts/table.tsx'
import { apisTexts as t } from '../../texts/apis.ts'
import { Nothing } from './nothing.tsx'

type Policy = Objects['items'][number]
interface Row extends Policy {
  readonly conditions: readonly Condition[]
}

/** Policies with what they are for, and where each is written. */
export function Policies() {
  const lists = useQueries({ queries: policyKinds.map(policiesQuery) })
  const conditions = useQueries({ queries: policyKinds.map(policyConditionsQuery) })
  const all = [...lists, ...conditions]
  const query = {
    data: all.every(({ data }) => data !== undefined) ? true : undefined,
    error: all.find(({ error }) => error !== null)?.error ?? null,
    refetch: () => all.forEach(({ refetch }) => void refetch()),
  }
  const said = conditions.flatMap(({ data }) => data?.items ?? [])
  const rows = lists
    .flatMap(({ data }) => data?.items ?? [])
    .map(policy => ({ ...policy, conditions: said.filter(about(policy)) }))
  return (
    <Answer query={query}>
      {() =>
        rows.length === 0 ? (
          <Nothing of="policies" />
        ) : (
          <Table label={t.tabs.policies} columns={columns} rows={rows} rowKey={keyOf} />
        )
      }
    </Answer>
  )
}

const keyOf = ({ kind, namespace, name }: Pick<Policy, 'kind' | 'namespace' | 'name'>): string =>
  `${kind}/${namespace}/${name}`
const about =
  (policy: Policy) =>
  ({ object }: Condition): boolean =>
    keyOf(object) === keyOf(policy)

const columns: readonly Column<Row>[] = [
  { title: t.policy, cell: policy => <ObjectLink object={policy} /> },
  { title: t.policyFor, cell: ({ conditions }) => <Targets conditions={conditions} /> },
  {
    title: t.state,
    width: 7,
    cell: ({ conditions, inForce }) =>
      inForce && conditions.every(({ good }) => good) ? (
        <Mark tone="good">{t.well}</Mark>
      ) : (
        <Mark tone="bad">{t.ill}</Mark>
      ),
  },
  {
    title: t.written,
    width: 18,
    from: 'tablet',
    cell: ({ source }) => (source === null ? t.store : <Place at={source} />),
  },
]

function Targets({ conditions }: { readonly conditions: readonly Condition[] }) {
  const names = conditions.flatMap(({ parent }) =>
    parent === null
      ? []
      : [`${parent.kind}/${parent.name}${parent.sectionName === null ? '' : `/${parent.sectionName}`}`],
  )
  const text = [...new Set(names)].join(', ')
  return <span title={text}>{text}</span>
}
