import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { storyQuery } from '../../api/queries.ts'
import type { Story } from '../../api/shapes.ts'
import { bytes, clock, date, duration } from '../../format.ts'
import { Answer, Empty } from '../../parts/answers.tsx'
import { ClusterLink, RouteLink } from '../../parts/links.tsx'
import { Mark, statusTone, Tag } from '../../parts/mark.tsx'
import { Facts, Page, Panel } from '../../parts/page.tsx'
import { texts } from '../../texts.ts'
import { Timeline } from './timeline.tsx'

const t = texts.story
const here = getRouteApi('/requests/$id')

export function StoryView() {
  const { id } = here.useParams()
  const query = useQuery(storyQuery(id))
  const story = query.data
  return (
    <Page
      title={t.title}
      about={story === undefined ? <code>{id}</code> : <Asked story={story} />}
      actions={story?.route == null ? undefined : <Actions story={story} />}
    >
      <Answer query={query} missing={<Missing />}>
        {found => <Body story={found} />}
      </Answer>
    </Page>
  )
}

function Missing() {
  return (
    <Empty title={t.missing}>
      <p>{t.missingHint}</p>
      <Link to="/requests">{texts.views.requests}</Link>
    </Empty>
  )
}

function Asked({ story: { status, method, scheme, host, path, query } }: { readonly story: Story }) {
  return (
    <span className="asked big">
      <Mark tone={statusTone(status)}>{status}</Mark> <b>{method}</b> {scheme}://{host}
      {path}
      {query === null || query === '' ? '' : `?${query}`}
    </span>
  )
}

function Actions({ story }: { readonly story: Story }) {
  const { method, scheme, host, path, port, route } = story
  const number = /:(\d+)$/.exec(host) === null ? `:${port.split(':').at(-1) ?? ''}` : ''
  return (
    <>
      <Link className="button" to="/requests" search={{ route: route ?? '' }}>
        {t.similar}
      </Link>
      <Link className="button" to="/explain" search={{ method, url: `${scheme}://${host}${number}${path}` }}>
        {t.explain}
      </Link>
    </>
  )
}

function Body({ story }: { readonly story: Story }) {
  return (
    <>
      {story.failure === null ? null : (
        <section className="wrong bad" aria-label={t.failure}>
          <header>
            <h2>{story.failure}</h2>
            <span>{story.failureReason}</span>
          </header>
        </section>
      )}
      <Panel title={t.where} aside={duration(story.durationMs)}>
        <Timeline story={story} />
      </Panel>
      <div className="columns">
        <div className="stack wide">
          <Panel title={t.phases}>
            <ol className="phases">
              {story.phases.map(({ phase, decision }, i) => (
                <li key={`${phase} ${i}`}>
                  <b>{phase}</b>
                  <span>{decision}</span>
                </li>
              ))}
            </ol>
          </Panel>
          {story.filters.length === 0 ? null : (
            <Panel title={t.filters}>
              <ol className="filters">
                {story.filters.map(({ type, phase, role, summary }, i) => (
                  <li key={`${type} ${i}`}>
                    <Tag>{phase}</Tag>
                    <Tag>{role}</Tag>
                    <b>{type}</b>
                    <span>{summary}</span>
                  </li>
                ))}
              </ol>
            </Panel>
          )}
        </div>
        <FactsPanel story={story} />
      </div>
    </>
  )
}

function FactsPanel({ story }: { readonly story: Story }) {
  const { id, at, client, port, listener, route, cluster, endpoint, version } = story
  return (
    <Panel title={t.sent}>
      <Facts
        rows={[
          [t.id, <code key="id">{id}</code>],
          [t.at, `${date(at)}, ${clock(at)}`],
          [t.client, client],
          [t.protocol, version],
          [t.port, port],
          [t.listener, listener],
          [t.route, route === null ? texts.requests.noRoute : <RouteLink key="route" id={route} />],
          [t.cluster, cluster === null ? null : <ClusterLink key="cluster" name={cluster} />],
          [t.endpoint, endpoint],
          [
            t.sizes,
            `${texts.figures.in} ${bytes(story.requestBytes)}, ${texts.figures.out} ${bytes(story.responseBytes)}`,
          ],
          [t.grpc, story.grpcStatus],
          [t.agent, story.userAgent],
        ]}
      />
    </Panel>
  )
}
