import type { FastifyBaseLogger, FastifyInstance, FastifyRequest, FastifyTypeProvider } from 'fastify'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Static, TSchema } from 'typebox'
import type { Permission } from './permissions.ts'
import type { Shape } from './shapes/shape.ts'
import type { Streams } from './sse.ts'

/** Parameters and bodies are of the types that their schemas say, and answers are held to theirs. */
export interface SchemaTypes extends FastifyTypeProvider {
  readonly validator: this['schema'] extends TSchema ? Static<this['schema']> : unknown
  readonly serializer: this['schema'] extends TSchema ? Shape<this['schema']> : unknown
}

export type Api = FastifyInstance<Server, IncomingMessage, ServerResponse, FastifyBaseLogger, SchemaTypes>

/** Routes of a role beside those that every gateway has. */
export interface ApiPart {
  /** Called when the API is asked for the first time, so that a gateway nobody looks at does not load what they need. */
  load(): Promise<AddRoutes>
  /** Where the role keeps an audit: takes what others have done. Never rejects. */
  audit?(request: FastifyRequest, act: Act): Promise<void>
}

/** What an admin has done to a gateway that is no change of a record. */
export interface Act {
  readonly action: string
  readonly kind: string
  readonly object: string
  /** Without secrets. */
  readonly after: unknown
}

export type AddRoutes = (app: Api, kit: PartKit) => void

/** What routes of a role are made with. */
export interface PartKit {
  readonly streams: Streams
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Everybody has it. */
    readonly isOpen?: true
    /** It changes nothing, whatever its method: who may see may ask. */
    readonly isReadOnly?: true
    /** What it needs; absent only where everybody has it. */
    readonly permission?: Permission
  }
}
