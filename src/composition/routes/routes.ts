import type { Backends } from '../backends/backend.ts'
import { transcodedRoute } from '../transcode/transcoded-route.ts'
import type { ProxyRoute } from './proxy.ts'
import type { StreamRoute } from './stream.ts'
import type { WebSocketRoute } from './websocket.ts'
import type { ComposedRoute, Routes } from './route.ts'
import type { TranscodeOptions } from './transcode.ts'

const composed =
  (method: string) =>
  (path: string, options: unknown): ComposedRoute => ({
    kind: 'composed',
    method,
    path,
    options: options as ComposedRoute['options'],
  })

/** What `routes` is given. */
export const routesOf = <B extends Backends>(backends: B): Routes<B> =>
  ({
    get: composed('GET'),
    post: composed('POST'),
    put: composed('PUT'),
    patch: composed('PATCH'),
    delete: composed('DELETE'),
    stream: (path: string, options: StreamRoute['options']): StreamRoute => ({
      kind: 'stream',
      method: options.method ?? 'GET',
      path,
      options,
    }),
    websocket: (path: string, options: WebSocketRoute['options']): WebSocketRoute => ({
      kind: 'websocket',
      method: 'GET',
      path,
      options,
    }),
    proxy: (path: string, backend: string, options: ProxyRoute['options'] = {}): ProxyRoute => ({
      kind: 'proxy',
      method: '*',
      path,
      backend,
      options,
    }),
    transcode: (backend: string, options?: TranscodeOptions<B>) =>
      transcodedRoute(backends, backend, options),
  }) as Routes<B>
