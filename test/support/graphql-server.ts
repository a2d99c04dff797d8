import {
  GraphQLInt,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
  type GraphQLFieldConfig,
} from 'graphql'
import { createHandler as http1Queries } from 'graphql-http/lib/use/http'
import { createHandler as http2Queries } from 'graphql-http/lib/use/http2'
import { createHandler as http1Events } from 'graphql-sse/lib/use/http'
import { createHandler as http2Events } from 'graphql-sse/lib/use/http2'
import { useServer } from 'graphql-ws/use/ws'
import { WebSocketServer } from 'ws'
import { messageOf, tunnelServer } from './tunnels.ts'
import { Seen } from './until.ts'
import type { WireListener, WireServer } from './wire-server.ts'
import { speaksHttp2, type Wire } from './wires.ts'

/** What subscriptions wait for, and what became of them. */
export class Counting {
  /** A subscription says its nth value when there are so many. */
  readonly released = new Seen<true>()
  readonly left = new Seen<true>()

  async *count(to: number): AsyncGenerator<{ count: number }> {
    try {
      for (let n = 1; n <= to; n++) {
        await this.released.count(n)
        yield { count: n }
      }
    } finally {
      this.left.push(true)
    }
  }
}

function field(
  resolve: GraphQLFieldConfig<unknown, unknown, { name?: string }>['resolve'] & {},
): GraphQLFieldConfig<unknown, unknown, { name?: string }> {
  return { type: GraphQLString, args: { name: { type: GraphQLString } }, resolve }
}

function schemaOf(counting: Counting): GraphQLSchema {
  return new GraphQLSchema({
    query: new GraphQLObjectType({
      name: 'Query',
      fields: { hello: field((_, { name = 'nobody' }) => `hello ${name}`) },
    }),
    mutation: new GraphQLObjectType({
      name: 'Mutation',
      fields: { greet: field((_, { name = 'nobody' }) => `greeted ${name}`) },
    }),
    subscription: new GraphQLObjectType({
      name: 'Subscription',
      fields: {
        count: {
          type: GraphQLInt,
          args: { to: { type: new GraphQLNonNull(GraphQLInt) } },
          subscribe: (_, { to }: { to: number }) => counting.count(to),
        },
      },
    }),
  })
}

/** A server by others (graphql-http, graphql-sse, graphql-ws): queries at /graphql, subscriptions at /events and by WebSocket. */
export async function graphqlServer(wire: Wire, counting: Counting): Promise<WireServer> {
  const schema = schemaOf(counting)
  const sockets = new WebSocketServer({
    noServer: true,
    handleProtocols: () => 'graphql-transport-ws',
  })
  useServer({ schema }, sockets)
  return tunnelServer(
    wire,
    request =>
      sockets.handleUpgrade(messageOf(request), request.socket, request.head, (socket, message) =>
        sockets.emit('connection', socket, message),
      ),
    {},
    // The handlers are made for one version each, and a server is of one: each gets its own kind of request.
    (speaksHttp2(wire)
      ? routed(http2Queries({ schema }), http2Events({ schema }))
      : routed(http1Queries({ schema }), http1Events({ schema }))) as WireListener,
  )
}

function routed<Request extends { url?: string | undefined }, Response>(
  queries: (request: Request, response: Response) => Promise<void>,
  events: (request: Request, response: Response) => Promise<void>,
): (request: Request, response: Response) => void {
  return (request, response) => {
    const handle = request.url?.startsWith('/events') === true ? events : queries
    // It fails where its client has left in the middle of a value.
    handle(request, response).catch(() => {})
  }
}
