import type { RequestStory } from '../../../src/admin/shapes/requests.ts'
import { bytes, clock, date } from '../../format.ts'
import { ClusterLink, RouteLink } from '../../parts/links.tsx'
import { Facts, Panel } from '../../parts/page.tsx'
import { figuresTexts } from '../../texts/figures.ts'
import { requestsTexts } from '../../texts/requests.ts'
import { storyTexts as t } from '../../texts/story.ts'

/** All that is known of it beside its story. */
export function StoryFacts({ story }: { readonly story: RequestStory }) {
  const {
    id,
    at,
    client,
    peer,
    port,
    listener,
    route,
    cluster,
    endpoint,
    version,
    traceId,
    cut,
    others,
    notes,
  } = story
  const { in: received, out: sent } = figuresTexts
  return (
    <Panel title={t.sent}>
      <Facts
        rows={[
          [t.id, id === null ? null : <code key="id">{id}</code>],
          [t.at, `${date(at)}, ${clock(at)}`],
          [t.client, client],
          [t.peer, peer],
          [t.protocol, version],
          [t.port, port],
          [t.listener, listener],
          [t.route, route === null ? requestsTexts.noRoute : <RouteLink key="route" id={route} />],
          [t.cluster, cluster === null ? null : <ClusterLink key="cluster" name={cluster} />],
          [t.endpoint, endpoint],
          [t.sizes, `${received} ${bytes(story.requestBytes)}, ${sent} ${bytes(story.responseBytes)}`],
          [t.grpc, story.grpcStatus],
          [t.agent, story.userAgent],
          [t.trace, traceId === null ? null : <code key="trace">{traceId}</code>],
          ...notes.map(({ name, value }) => [name, String(value)] as const),
          [t.cut, cut.join(', ')],
          [t.sameId, others === 0 ? null : String(others)],
        ]}
      />
    </Panel>
  )
}
