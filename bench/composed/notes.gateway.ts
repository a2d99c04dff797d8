// The gRPC backend by REST.
import { fileURLToPath } from 'node:url'
import { defineGateway, grpc, registryOfProtos } from 'portcullis/composition'

import { NOTE_TIMEOUT_MS, notePaths } from './note.ts'

const descriptors = registryOfProtos(['notes.proto'], [fileURLToPath(new URL('.', import.meta.url))])
const rules = Object.entries(notePaths).map(([method, get]) => ({ selector: `bench.Echo.${method}`, get }))

export const gateway = defineGateway({
  title: 'Notes',
  version: '1',
  backends: {
    echo: grpc(descriptors.getService('bench.Echo')!, { url: 'h2c://backend', timeoutMs: NOTE_TIMEOUT_MS }),
  },
  routes: r => [r.transcode('echo', { descriptors, config: { http: { rules } } })],
})
