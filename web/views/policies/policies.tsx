import { useQueries, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { policiesQuery, policyConditionsQuery, policyKinds } from '../../api/catalog.ts'
import { objectQuery } from '../../api/queries.ts'
import type { Objects } from '../../../src/admin/shapes/object.ts'
import type { Condition } from '../../../src/api/shapes/condition.ts'
import { Answer } from '../../parts/answers.tsx'
import { ObjectLink, Place } from '../../parts/links.tsx'
import { Mark } from '../../parts/mark.tsx'
import { ShortTable } from '../../parts/short-table.tsx'
import type { Column } from '../../parts/table.tsx'
import { apisTexts as t } from '../../texts/apis.ts'
import { managementTexts } from '../../texts/management.ts'
import { policyTexts } from '../../texts/policy.ts'
import { Nothing } from '../apis/nothing.tsx'
import { specOf } from '../object/declared.ts'
import { policyText } from './policy-text.ts'
import { targetsOf, targetText } from './targets.tsx'

/** What each says is asked for by itself. */
const PAGE = 50

type Policy = Objects['items'][number]
interface Row extends Policy {
  readonly conditions: readonly Condition[]
}

/** Policies with what they say, what they are for, and where each is written. */
export function Policies() {
  const [shown, setShown] = useState(PAGE)
  const lists = useQueries({ queries: policyKinds.map(policiesQuery) })
  const conditions = useQueries({ queries: policyKinds.map(policyConditionsQuery) })
  const all = [...lists, ...conditions]
  const query = {
    data: all.every(({ data }) => data !== undefined) ? true : undefined,
    error: all.find(({ error }) => error !== null)?.error ?? null,
    refetch: () => all.forEach(({ refetch }) => void refetch()),
  }
  const said = Map.groupBy(
    conditions.flatMap(({ data }) => data?.items ?? []),
    ({ object }) => keyOf(object),
  )
  const rows = lists
    .flatMap(({ data }) => data?.items ?? [])
    .map(policy => ({ ...policy, conditions: said.get(keyOf(policy)) ?? [] }))
  return (
    <Answer query={query}>
      {() =>
        rows.length === 0 ? (
          <Nothing of="policies" />
        ) : (
          <>
            <ShortTable
              label={t.tabs.policies}
              columns={columns}
              rows={rows.slice(0, shown)}
              rowKey={keyOf}
              className="plans"
            />
            {rows.length <= shown ? null : (
              <button type="button" onClick={() => setShown(shown + PAGE)}>
                {managementTexts.older}
              </button>
            )}
          </>
        )
      }
    </Answer>
  )
}

const keyOf = ({ kind, namespace, name }: Pick<Policy, 'kind' | 'namespace' | 'name'>): string =>
  `${kind}/${namespace}/${name}`

const columns: readonly Column<Row>[] = [
  { title: t.policy, cell: policy => <ObjectLink object={policy} /> },
  { title: policyTexts.says, cell: policy => <Says policy={policy} /> },
  { title: t.policyFor, from: 'tablet', cell: ({ conditions }) => <Targets conditions={conditions} /> },
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
    width: 12,
    from: 'desk',
    cell: ({ source }) => (source === null ? t.store : <Place at={source} />),
  },
]

function Says({ policy }: { readonly policy: Policy }) {
  const { data } = useQuery(objectQuery(policy))
  if (data?.yaml === null) return <span className="bad">{data.problems[0]?.message}</span>
  return (
    <ul className="tight">
      {policyText(specOf(data?.yaml ?? null)).map(line => (
        <li key={line}>{line}</li>
      ))}
    </ul>
  )
}

function Targets({ conditions }: { readonly conditions: readonly Condition[] }) {
  const text = [...new Set(targetsOf(conditions).map(({ parent }) => targetText(parent)))].join(', ')
  return <span title={text}>{text}</span>
}
