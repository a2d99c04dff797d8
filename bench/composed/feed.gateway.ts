// The feed of the backend, for any number of clients by one subscription.
import { Type as T } from 'typebox'
import { defineGateway, http, shared } from 'portcullis/composition'

const Tick = T.Object({ count: T.Integer(), atMs: T.Number(), text: T.String() })
const backends = { feed: http({ url: 'http://backend' }) }
const ticks = shared(backends, {
  run: c => c.feed.events('/feed', { item: Tick, reconnect: true }),
  slow: { policy: 'close' },
})

export const gateway = defineGateway({
  title: 'Feed',
  version: '1',
  backends,
  routes: r => [r.stream('/feed', { out: Tick, run: ({ lastEventId }) => ticks.of('all', { lastEventId }) })],
})
