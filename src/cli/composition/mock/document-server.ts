import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Contract } from '../folder/contracts.ts'
import { listening, type MockServer, type Told } from './listening.ts'
import { Mock, type MockAnswer } from './mock.ts'

/** Serves a document on an address. Throws a CommandFailure where that is taken. */
export async function serveDocument(
  contract: Contract,
  host: string,
  port: number,
  told: Told,
): Promise<MockServer<Contract>> {
  let mock = new Mock(contract)
  const server = createServer((request, response) => {
    const { method = 'GET', url = '/', headers } = request
    const prefer = headers['prefer']
    const answer = mock.answer(method, url, Array.isArray(prefer) ? prefer.join(', ') : prefer)
    const asked = `${method} ${url}`
    const { status, operation } = answer
    told({
      status: String(status),
      colour: status < 400 ? 'good' : status < 500 ? 'warning' : 'error',
      asked,
      known: operation === asked ? null : operation,
    })
    write(request, response, answer)
  })
  return {
    name: contract.name,
    port: await listening(server, host, port, contract.name),
    take: next => void (mock = new Mock(next)),
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

function write(
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers, body }: MockAnswer,
): void {
  // What is sent is of no interest, but a connection can only be used again when it has been read.
  request.resume()
  response.writeHead(status, {
    ...headers,
    ...(body !== '' && { 'content-length': Buffer.byteLength(body) }),
  })
  response.end(request.method === 'HEAD' ? undefined : body)
}
