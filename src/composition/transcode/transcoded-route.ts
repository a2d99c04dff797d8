import type { Backend, Backends } from '../backends/backend.ts'
import { registryOfModules } from '../grpc/descriptors.ts'
import type { TranscodedRoute, TranscodeOptions } from '../routes/transcode.ts'
import { Transcoder, type Offer, type TranscodeSettings } from './transcoder.ts'

/** One route for all methods: which of them a request is for its transcoder finds in one walk, however many there are. */
export function transcodedRoute<B extends Backends>(
  backends: B,
  backend: string,
  options: TranscodeOptions<B> = {},
): TranscodedRoute {
  const transcoder = madeOf(backends[backend], backend, options)
  const text = `transcode ${backend}`
  return {
    kind: 'transcoded',
    method: '*',
    path: text,
    template: {
      text,
      names: [],
      shape: `${text} ${transcoder.services.map(({ typeName }) => typeName).join(' ')}`,
      // Like what takes all that is left: routes of one's own come first.
      weights: [-1],
      match: path => (transcoder.takes(path) ? {} : null),
    },
    backend,
    transcoder,
    options: options as TranscodedRoute['options'],
  }
}

function madeOf(backend: Backend | undefined, name: string, settings: TranscodeSettings): Transcoder {
  try {
    if (backend === undefined) throw new TypeError('there is no backend of that name')
    return new Transcoder(offered(backend, settings), settings)
  } catch (cause) {
    throw new TypeError(`transcode ${JSON.stringify(name)}: ${(cause as Error).message}`, { cause })
  }
}

/** What the descriptors have, else the service of which the backend is declared. */
function offered({ grpc }: Backend, { descriptors, services }: TranscodeSettings): Offer {
  // By HTTP/2, which a gateway speaks with those alone.
  if (grpc === undefined)
    throw new TypeError(
      "its backend is none of gRPC: expected grpc(Shop, …), or grpc(descriptors.getService('shop.v1.Shop')!, …)",
    )
  if (descriptors !== undefined) return { descriptors, services }
  const { service } = grpc
  return { descriptors: registryOfModules(service), services: services ?? [service.typeName] }
}
