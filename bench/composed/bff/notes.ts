import { fileURLToPath } from 'node:url'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { credentials, loadPackageDefinition, status } from '@grpc/grpc-js'
import type { ClientReadableStream, ServiceClientConstructor, ServiceError } from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'

import { NOTE_TIMEOUT_MS } from '../note.ts'

interface Note {
  readonly text: string
}
interface Echo {
  say(note: Note, options: object, done: (error: ServiceError | null, note?: Note) => void): void
  list(note: Note, options: object): ClientReadableStream<Note>
}
interface Asked {
  Params: { text: string }
}

const STATUSES: Readonly<Record<number, number>> = {
  [status.INVALID_ARGUMENT]: 400,
  [status.NOT_FOUND]: 404,
  [status.UNAVAILABLE]: 503,
  [status.DEADLINE_EXCEEDED]: 504,
}

const text = { type: 'object', required: ['text'], properties: { text: { type: 'string' } } }

/** The service by REST: by hand, a route for each of its methods. */
export function addNotes(app: FastifyInstance, backendPort: number): void {
  const file = fileURLToPath(new URL('../notes.proto', import.meta.url))
  const loaded = loadPackageDefinition(loadSync(file))['bench'] as unknown as {
    Echo: ServiceClientConstructor
  }
  const echo = new loaded.Echo(`127.0.0.1:${backendPort}`, credentials.createInsecure()) as unknown as Echo
  app.get<Asked>('/v1/notes/:text', { schema: { response: { 200: text } } }, ({ params }) =>
    say(echo, params.text),
  )
  app.get<Asked>('/v1/lists/:text', ({ params }, reply) => list(echo, params.text, reply))
}

const until = () => ({ deadline: Date.now() + NOTE_TIMEOUT_MS })

function say(echo: Echo, note: string): Promise<Note> {
  return new Promise((resolve, reject) => {
    echo.say({ text: note }, until(), (error, answer) => {
      if (answer !== undefined) resolve(answer)
      else reject(Object.assign(new Error(error?.details), { statusCode: STATUSES[error?.code ?? 2] ?? 500 }))
    })
  })
}

/** An array of JSON, as messages come and the client takes them. */
async function list(echo: Echo, note: string, reply: FastifyReply): Promise<FastifyReply> {
  const notes = echo.list({ text: note }, until())
  reply.hijack()
  reply.raw.once('close', () => notes.cancel())
  reply.raw.writeHead(200, { 'content-type': 'application/json' })
  let before = '['
  try {
    for await (const one of notes as AsyncIterable<Note>) {
      if (!reply.raw.write(before + JSON.stringify(one)))
        await new Promise(resolve => reply.raw.once('drain', resolve))
      before = ','
    }
    reply.raw.end(before === '[' ? '[]' : ']')
  } catch {
    reply.raw.destroy()
  }
  return reply
}
