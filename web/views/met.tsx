import { useQuery } from '@tanstack/react-query'
import type { Rule } from '../../src/admin/shapes/rule.ts'
import type { Gateway } from '../../src/admin/shapes/topology.ts'
import { gatewaysQuery } from '../api/queries.ts'
import { metTexts as t } from '../texts/met.ts'
import { Filters } from './filters.tsx'

/** All that a request meets that a rule takes: filters of its listeners, and its own. */
export function Met({ rule }: { readonly rule: Rule }) {
  const listeners = useListeners().filter(
    ({ name, filters }) => rule.listeners.includes(name) && filters.length > 0,
  )
  return (
    <>
      {alike(listeners).map(([names, filters]) => (
        <div key={names} className="met">
          <p>{t.onListener(names)}</p>
          <Filters filters={filters} />
        </div>
      ))}
      {listeners.length === 0 ? (
        <Filters filters={rule.filters} />
      ) : (
        <div className="met">
          <p>{t.onRule}</p>
          <Filters filters={rule.filters} />
        </div>
      )}
    </>
  )
}

/** What all requests of a Gateway meet, listener by listener. */
export function GatewayFilters({ name }: { readonly name: string }) {
  const listeners = useListeners().filter(one => one.name.startsWith(`${name}/`))
  return alike(listeners).map(([names, filters]) => (
    <div key={names} className="met">
      <p>{names}</p>
      {filters.length === 0 ? <p className="note">{t.none}</p> : <Filters filters={filters} />}
    </div>
  ))
}

type Listener = Gateway['listeners'][number]

function useListeners(): readonly Listener[] {
  return (useQuery(gatewaysQuery).data?.gateways ?? []).flatMap(({ listeners }) => listeners)
}

/** Listeners with the same filters are told together, by their names. */
function alike(listeners: readonly Listener[]): readonly (readonly [string, Listener['filters']])[] {
  const groups = Map.groupBy(listeners, ({ filters }) => JSON.stringify(filters))
  return [...groups.values()].map(group => [
    group.map(({ name }) => name.replace(/^default\//, '')).join(', '),
    group[0]!.filters,
  ])
}
