import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useLive } from '../../api/figures.ts'
import { clusterQuery } from '../../api/queries.ts'
import type { Cluster } from '../../../src/admin/shapes/cluster.ts'
import { count, rate, span } from '../../format.ts'
import { Answer, Empty } from '../../parts/answers.tsx'
import { OriginLink, RouteLink } from '../../parts/links.tsx'
import { Mark } from '../../parts/mark.tsx'
import { Facts, Page, Panel } from '../../parts/page.tsx'
import { backendsTexts as t } from '../../texts/backends.ts'
import { figuresTexts } from '../../texts/figures.ts'
import { routesTexts } from '../../texts/routes.ts'
import { Conditions } from '../conditions.tsx'
import { Courses } from '../overview/courses.tsx'
import { balancerText, healthOf } from '../summaries.ts'
import { Endpoints } from './endpoints.tsx'

const here = getRouteApi('/backends/$')

export function ClusterView() {
  const { _splat: name = '' } = here.useParams()
  const query = useQuery(clusterQuery(name))
  return (
    <Page title={name} about={t.about}>
      <Answer
        query={query}
        missing={
          <Empty title={t.missing}>
            <p>{t.missingHint}</p>
          </Empty>
        }
      >
        {cluster => <ClusterBody cluster={cluster} />}
      </Answer>
    </Page>
  )
}

function ClusterBody({ cluster }: { readonly cluster: Cluster }) {
  const { tone, text } = healthOf(cluster)
  return (
    <>
      <Courses range="hour" about={{ cluster: cluster.name }} />
      <div className="columns">
        <div className="stack wide">
          <Panel title={t.endpoints} aside={<Mark tone={tone}>{text}</Mark>}>
            {cluster.panics ? <p className="bad">{t.panics}</p> : null}
            <Endpoints endpoints={cluster.endpoints} />
          </Panel>
          <Panel title={t.usedBy}>
            <ul className="lines">
              {cluster.rules.map(id => (
                <li key={id}>
                  <RouteLink id={id} />
                </li>
              ))}
              {cluster.ruleCount > cluster.rules.length ? (
                <li>{t.moreRules(cluster.ruleCount - cluster.rules.length)}</li>
              ) : null}
            </ul>
          </Panel>
        </div>
        <div className="stack">
          <KeptPanel cluster={cluster} />
          <NowPanel name={cluster.name} />
          <Panel title={t.settings}>
            <Facts
              rows={[
                [t.origin, <OriginLink key="origin" origin={cluster.origin} />],
                [t.protocol, cluster.protocol],
                [t.balancer, balancerText(cluster.balancer)],
                [t.tls, cluster.tls === null ? null : cluster.tls.serverName],
                [t.limits, <Limits key="limits" limits={cluster.limits} />],
              ]}
            />
          </Panel>
          {cluster.conditions.length === 0 ? null : (
            <Panel title={routesTexts.conditions}>
              <Conditions conditions={cluster.conditions} />
            </Panel>
          )}
        </div>
      </div>
    </>
  )
}

function whyKept({ reason, until }: NonNullable<Cluster['breaker']>): string {
  const again = until === null ? '' : t.until(span((Date.parse(until) - Date.now()) / 1000))
  return [reason ?? '', again].filter(text => text !== '').join(', ')
}

/** What keeps requests from it, and retries. */
function KeptPanel({ cluster: { breaker, retryBudget } }: { readonly cluster: Cluster }) {
  if (breaker === null && retryBudget === null) return null
  const isClosed = breaker === null || breaker.state === 'closed'
  return (
    <Panel title={t.now}>
      <Facts
        rows={[
          [
            t.breaker,
            breaker === null ? null : (
              <Mark key="breaker" tone={isClosed ? 'good' : breaker.state === 'open' ? 'bad' : 'warn'}>
                {t.breakerStates[breaker.state]}
              </Mark>
            ),
          ],
          [t.reason, breaker === null ? null : whyKept(breaker)],
          [
            t.retryBudget,
            retryBudget === null
              ? null
              : t.budget(retryBudget.retries, retryBudget.allowed, retryBudget.intervalMs / 1000),
          ],
        ]}
      />
    </Panel>
  )
}

function NowPanel({ name }: { readonly name: string }) {
  const sums = useLive().clusters.get(name)
  if (sums === undefined) return null
  return (
    <Panel title={figuresTexts.traffic}>
      <Facts
        rows={[
          [figuresTexts.requestsPerS, rate(sums.requestsPerS)],
          [t.retries, rate(sums.retriesPerS)],
          [t.connectFailures, rate(sums.connectFailuresPerS)],
          [t.ejections, rate(sums.ejectionsPerS)],
          [t.connections, `${count(sums.connectionsActive)} + ${count(sums.connectionsIdle)}`],
          [t.pending, count(sums.pending)],
        ]}
      />
    </Panel>
  )
}

/** In the gateway's words, one a line. */
function Limits({ limits }: { readonly limits: string }) {
  return (
    <ul className="tight">
      {limits.split(', ').map(limit => (
        <li key={limit}>{limit}</li>
      ))}
    </ul>
  )
}
