import type { Socket } from 'node:net'
import { createServer, type TLSSocket } from 'node:tls'
import { askOn } from '../../shared/questions.ts'

/** A certificate that proves to an authority that a name is ours (RFC 8737 §3), with its key; PEM. */
export interface ValidationPair {
  readonly cert: string
  readonly key: string
}

/** Null where nobody has asked an authority to look. */
export async function validationPair(
  channel: string,
  serverName: string,
  client: string,
): Promise<ValidationPair | null> {
  const answer = await askOn(channel, { serverName }, client)
  return answer === null ? null : (answer as ValidationPair)
}

/** One handshake, which is all that there is of such a connection (RFC 8737 §3: no application data). */
export function acceptValidation(
  socket: Socket,
  { cert, key }: ValidationPair,
  events: { readonly done: () => void; readonly failed: (socket: TLSSocket, error: Error) => void },
): void {
  const server = createServer({ cert, key, ALPNProtocols: ['acme-tls/1'], minVersion: 'TLSv1.2' })
  server.on('secureConnection', secured => {
    secured.on('error', () => {})
    events.done()
    secured.end(() => secured.destroy())
  })
  server.on('tlsClientError', (error, secured) => events.failed(secured, error))
  server.emit('connection', socket)
}
