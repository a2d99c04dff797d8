import { useLive } from '../../api/figures.ts'
import type { Action, Rule } from '../../../src/admin/shapes/rule.ts'
import { duration, percent } from '../../format.ts'
import { ClusterLink } from '../../parts/links.tsx'
import { Mark } from '../../parts/mark.tsx'
import { Facts, Panel } from '../../parts/page.tsx'
import { routesTexts as t } from '../../texts/routes.ts'
import { ClosedMark, ClosedReasons } from '../closed-by.tsx'
import { Filters } from '../filters.tsx'
import { liveHealth } from '../summaries.ts'

type Forward = Extract<Action, { type: 'forward' }>

export function ActionPanel({ rule }: { readonly rule: Rule }) {
  const { action } = rule
  return (
    <Panel title={t.action} aside={<ClosedMark rule={rule} />}>
      <ClosedReasons rule={rule} />
      {action.type === 'forward' ? <Backends action={action} /> : <p>{action.summary}</p>}
    </Panel>
  )
}

function Backends({ action }: { readonly action: Forward }) {
  const { backends, mirrors, retry } = action
  return (
    <>
      <ul className="shares">
        {backends.map((backend, i) => (
          <Share key={`${backend.cluster ?? ''} ${i}`} backend={backend} />
        ))}
      </ul>
      <Facts
        rows={[
          [
            t.mirrors,
            mirrors
              .map(
                ({ cluster, numerator, denominator }) => `${cluster} (${percent(numerator / denominator)})`,
              )
              .join(', '),
          ],
          [t.retry, retry === null ? null : t.retryText(retry.attempts, retry.codes.join(', '))],
          [t.timeouts, timeoutText(action)],
        ]}
      />
    </>
  )
}

function timeoutText({ requestTimeoutMs, backendTimeoutMs }: Forward): string {
  return [
    requestTimeoutMs === null ? '' : `${t.whole} ${duration(requestTimeoutMs)}`,
    backendTimeoutMs === null ? '' : `${t.attempt} ${duration(backendTimeoutMs)}`,
  ]
    .filter(text => text !== '')
    .join(', ')
}

function Share({
  backend: { cluster, share, closed, filters },
}: {
  readonly backend: Forward['backends'][number]
}) {
  const sums = useLive().clusters.get(cluster ?? '')
  const state = sums === undefined ? null : liveHealth(sums)
  return (
    <li>
      <meter className="bar" min={0} max={1} value={share} aria-hidden="true" />
      <span className="number">{percent(share)}</span>
      {cluster === null ? (
        <Mark tone="bad">{closed ? t.closedBackend : t.invalid}</Mark>
      ) : (
        <ClusterLink name={cluster} />
      )}
      {state === null ? null : <Mark tone={state.tone}>{state.text}</Mark>}
      {filters.length === 0 ? null : <Filters filters={filters} />}
    </li>
  )
}
