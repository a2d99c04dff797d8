import { Fragment, useState, type ReactNode } from 'react'
import type { Composed, Explanation } from '../../api/explanation.ts'
import { endpointName } from '../../format.ts'
import { ClusterLink, OriginLink, RouteLink } from '../../parts/links.tsx'
import { Mark, type Tone } from '../../parts/mark.tsx'
import { Panel } from '../../parts/page.tsx'
import { Table, type Column } from '../../parts/table.tsx'
import { backendsTexts } from '../../texts/backends.ts'
import { explainTexts as t } from '../../texts/explain.ts'
import { routesTexts } from '../../texts/routes.ts'
import { Filters } from '../filters.tsx'
import { matchText } from '../summaries.ts'

type Met = Extract<Explanation, { outcome: 'routed' | 'no-route' }>

const tones: Readonly<Record<Explanation['outcome'], Tone>> = {
  routed: 'good',
  'no-route': 'warn',
  rejected: 'bad',
  refused: 'bad',
  'no-port': 'bad',
}

export function Explained({ answer }: { readonly answer: Explanation }) {
  return (
    <>
      <Panel
        title={t.outcomes[answer.outcome]}
        aside={<Mark tone={tones[answer.outcome]}>{answer.outcome}</Mark>}
      >
        {'listeners' in answer ? <Steps met={answer} /> : <Refusal answer={answer} />}
      </Panel>
      {'others' in answer && answer.others.length > 0 ? <Others met={answer} /> : null}
      <AsText text={answer.text} />
    </>
  )
}

function Refusal({ answer }: { readonly answer: Exclude<Explanation, Met> }) {
  return (
    <ol className="steps">
      {'port' in answer ? <Step name={t.phases.port}>{answer.port}</Step> : null}
      <Step name={answer.outcome === 'rejected' ? t.phases.rejected : t.phases.port} tone="bad">
        {answer.outcome === 'rejected' ? (
          <>
            <Mark tone="bad">{answer.status}</Mark> <code>{answer.rule}</code>{' '}
          </>
        ) : null}
        {answer.reason}
      </Step>
    </ol>
  )
}

/** The phases in the order in which a request meets them. */
function Steps({ met }: { readonly met: Met }) {
  const { port, request, listeners, filters, route } = met
  return (
    <ol className="steps">
      <Step name={t.phases.port}>
        <code>{port}</code>
      </Step>
      <Step name={t.phases.request}>
        <code>
          {request.method} {request.host}
          {request.path}
          {request.query === '' ? '' : `?${request.query}`}
        </code>
      </Step>
      {listeners.map(({ name, taken, reason }) => (
        <Step key={name} name={t.phases.listener} tone={taken ? 'good' : 'quiet'}>
          <b>{name}</b> {reason}
        </Step>
      ))}
      {route === null ? (
        <Step name={t.phases.route} tone="bad">
          {t.outcomes['no-route']}
        </Step>
      ) : (
        <Step name={t.phases.route} tone="good">
          <RouteLink id={route.id} /> <code>{matchText(route.match)}</code>{' '}
          <OriginLink origin={route.origin} />
        </Step>
      )}
      {filters.length === 0 ? null : (
        <Step name={t.phases.filter}>
          <Filters filters={filters} />
        </Step>
      )}
      {met.decision === null ? null : <DecisionStep decision={met.decision} />}
      {Object.entries(route?.clusters ?? {}).map(([name, { endpoints, composed }]) => (
        <Fragment key={name}>
          <Step name={t.phases.cluster} tone={endpoints.length === 0 ? 'bad' : 'good'}>
            <ClusterLink name={name} />{' '}
            <code>{endpoints.map(endpointName).join(', ') || backendsTexts.empty}</code>
          </Step>
          {composed === undefined ? null : <ComposedStep composed={composed} />}
        </Fragment>
      ))}
    </ol>
  )
}

/** Which route of a composition takes it, what that may call, and where. */
function ComposedStep({ composed: { code, isKnown, route, backends } }: { readonly composed: Composed }) {
  if (route === null)
    return (
      <Step name={t.phases.composed} tone="bad">
        {isKnown ? t.composed.none(code) : t.composed.unknown(code)}
      </Step>
    )
  return (
    <Step name={t.phases.composed} tone="good">
      <code>
        {route.method} {route.path}
      </code>{' '}
      <small>{code}</small>
      {route.calls === null ? (
        <p className="note">{t.composed.any}</p>
      ) : (
        route.calls.map(call => (
          <p key={`${call.backend} ${call.method} ${call.path}`}>
            <code>
              {call.backend} {call.method} {call.path}
            </code>
          </p>
        ))
      )}
      {backends.map(({ name, url, cluster }) => (
        <p key={name}>
          {name} <code>{url}</code> {cluster === null ? null : <ClusterLink name={cluster} />}
        </p>
      ))}
    </Step>
  )
}

const verdicts = { passes: 'good', refused: 'bad', unknown: 'warn' } as const

function DecisionStep({
  decision: { outcome, refusal, unknown },
}: {
  readonly decision: NonNullable<Met['decision']>
}) {
  return (
    <Step name={t.phases.decision} tone={verdicts[outcome]}>
      {refusal === null ? (
        t.decisions[outcome]
      ) : (
        <>
          <Mark tone="bad">{refusal.status}</Mark> <code>{refusal.failure}</code> {refusal.title}{' '}
          <small>{refusal.detail}</small>
        </>
      )}
      {unknown.length === 0 ? null : <p className="note">{unknown.join('; ')}</p>}
    </Step>
  )
}

function Step({
  name,
  tone = 'accent',
  children,
}: {
  readonly name: string
  readonly tone?: Tone
  readonly children: ReactNode
}) {
  return (
    <li className={tone}>
      <b className="phase">{name}</b>
      <div>{children}</div>
    </li>
  )
}

type Other = Met['others'][number]

const columns: readonly Column<Other>[] = [
  { title: routesTexts.rule, cell: ({ route }) => <RouteLink id={route} /> },
  {
    title: routesTexts.match,
    from: 'tablet',
    cell: ({ match }) => <code title={matchText(match)}>{matchText(match)}</code>,
  },
  {
    title: backendsTexts.state,
    width: 9,
    from: 'desk',
    cell: ({ outcome }) => <Mark tone="quiet">{outcome === 'shadowed' ? t.shadowed : t.missed}</Mark>,
  },
  { title: backendsTexts.reason, cell: ({ reason }) => <span title={reason}>{reason}</span> },
]

function Others({ met }: { readonly met: Met }) {
  return (
    <Panel title={t.others} aside={t.othersCount(met.othersCount)} className="tabled">
      <Table
        label={t.others}
        columns={columns}
        rows={met.others}
        rowKey={({ route, hostname, match }) => `${route} ${hostname} ${matchText(match)}`}
      />
    </Panel>
  )
}

function AsText({ text }: { readonly text: string }) {
  const [open, setOpen] = useState(false)
  return (
    <details className="as-text" open={open} onToggle={event => setOpen(event.currentTarget.open)}>
      <summary>{t.asText}</summary>
      {open ? <pre tabIndex={0}>{text}</pre> : null}
    </details>
  )
}
