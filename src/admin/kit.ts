import type { FastifyBaseLogger, FastifyInstance, FastifyTypeProvider } from 'fastify'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Static, TSchema } from 'typebox'
import type { Seen } from './seen.ts'
import type { Shape } from './shapes/shape.ts'
import type { Streams } from './sse.ts'
import type { Views } from './views/views.ts'

/** Parameters and bodies are of the types that their schemas say, and answers are held to theirs. */
export interface SchemaTypes extends FastifyTypeProvider {
  readonly validator: this['schema'] extends TSchema ? Static<this['schema']> : unknown
  readonly serializer: this['schema'] extends TSchema ? Shape<this['schema']> : unknown
}

export type Api = FastifyInstance<Server, IncomingMessage, ServerResponse, FastifyBaseLogger, SchemaTypes>

/** What routes are made with. */
export interface ApiKit {
  readonly seen: Seen
  readonly streams: Streams
  readonly views: Views
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Everybody has it. */
    readonly isOpen?: true
    /** It changes nothing, whatever its method: who may see may ask. */
    readonly isReadOnly?: true
  }
}
