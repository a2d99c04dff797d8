import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { CommandFailure } from '../../command/flag.ts'
import { Mock, type MockAnswer } from './mock.ts'
import type { Contract } from '../folder/contracts.ts'

export interface MockServer {
  readonly name: string
  readonly port: number
  close(): Promise<void>
}

export type Told = (method: string, target: string, answer: MockAnswer) => void

/** Serves a contract on an address. Throws a CommandFailure where that is taken. */
export async function serveMock(
  contract: Contract,
  host: string,
  port: number,
  told: Told = () => undefined,
): Promise<MockServer> {
  const mock = new Mock(contract)
  const server = createServer((request, response) => {
    const { method = 'GET', url = '/', headers } = request
    const prefer = headers['prefer']
    const answer = mock.answer(method, url, Array.isArray(prefer) ? prefer.join(', ') : prefer)
    told(method, url, answer)
    write(request, response, answer)
  })
  await listening(server, host, port, contract.name)
  return {
    name: contract.name,
    port: (server.address() as AddressInfo).port,
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

async function listening(server: Server, host: string, port: number, name: string): Promise<void> {
  server.listen(port, host)
  try {
    await once(server, 'listening')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error)
    const why = code === 'EADDRINUSE' ? 'is taken' : `cannot be listened on (${code})`
    throw new CommandFailure(`the mock of ${name}: ${host}:${port} ${why}`, { cause: error })
  }
}
