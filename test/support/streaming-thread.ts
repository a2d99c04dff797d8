/** A thread with a composition that streams what one backend says to all who ask (composition-streams.test.ts). */
import { abortSignalOf } from '../../src/shared/cancellation.ts'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { parentPort, workerData, type MessagePort } from 'node:worker_threads'
import { Type as T } from 'typebox'
import { defineGateway, http, shared } from '../../src/composition/composition.ts'
import { Engine } from '../../src/composition/engine/engine.ts'
import type { Transport } from '../../src/composition/transport/transport.ts'
import { serveCrossing } from '../../src/roles/composition/thread/crossing-server.ts'
import { systemClock } from '../../src/upstream/clock.ts'

const Price = T.Object({ price: T.Number() })
const Ask = T.Object({ add: T.Number() })
const backends = { feed: http({ url: workerData as string }) }
const prices = shared(backends, { run: c => c.feed.events('/prices', { item: Price }), lingerMs: 100 })

const gateway = defineGateway({
  backends,
  routes: r => [
    r.stream('/prices', {
      out: Price,
      times: { headMs: 10 },
      run: ({ lastEventId }) => prices.of(null, { lastEventId }),
    }),
    r.websocket('/sum', {
      receives: Ask,
      sends: Price,
      async run({ socket }) {
        let price = 0
        for await (const { add } of socket) await socket.send({ price: (price += add) })
      },
    }),
  ],
})

/** Reaches the source of events, and nothing else. */
const transport: Transport = {
  async send({ url, target, headers, signal }) {
    const asked = get(new URL(target, url), { headers: { ...headers }, signal: abortSignalOf(signal) })
    const [response] = (await once(asked, 'response')) as [IncomingMessage]
    return {
      status: response.statusCode!,
      headers: { 'content-type': response.headers['content-type'] ?? '' },
      body: {
        [Symbol.asyncIterator]: () => response[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>,
        bytes: async () => Buffer.concat(await Array.fromAsync(response)),
        cancel: () => void response.destroy(),
      },
    }
  },
}

const engine = new Engine(gateway, { transport, clock: systemClock })

parentPort!.on('message', (message: { readonly type: string; readonly port?: MessagePort }) => {
  if (message.type === 'port') serveCrossing(message.port!, request => engine.answer(request), systemClock)
})
