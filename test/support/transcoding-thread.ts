/** A thread with a composition that gives the methods of library.proto to all protocols (transcoding-sockets.test.ts). */
import { parentPort, workerData, type MessagePort } from 'node:worker_threads'
import { defineGateway, grpc } from '../../src/composition/composition.ts'
import { Engine } from '../../src/composition/engine/engine.ts'
import type { TranscodeSettings } from '../../src/composition/transcode/transcoder.ts'
import { serveCrossing } from '../../src/roles/composition/thread/crossing-server.ts'
import { systemClock } from '../../src/upstream/clock.ts'
import { H2Transport } from './h2-transport.ts'
import { library } from './library.ts'

const { url, ...options } = workerData as { readonly url: string } & TranscodeSettings

const gateway = defineGateway({
  backends: { library: grpc(library.getService('library.Library')!, { url }) },
  routes: r => [r.transcode('library', { descriptors: library, ...options })],
})

const engine = new Engine(gateway, { transport: new H2Transport(), clock: systemClock })

parentPort!.on('message', (message: { readonly type: string; readonly port?: MessagePort }) => {
  if (message.type === 'port') serveCrossing(message.port!, request => engine.answer(request), systemClock)
})
