import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage } from 'node:http'

import { pathOf, requestFilters, responseFilters } from './cases.ts'
import type { Case } from './cases.ts'
import { exchange } from './process.ts'

const everyPeer = [
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-request-id',
  'via',
]

/**
 * Stands in for the backend while the proxies start, to see that all of them do
 * the same work; then it makes room for the real one on the same port.
 */
export class StandIn {
  private readonly seen: IncomingMessage[] = []
  private readonly server = createServer((request, response) => {
    this.seen.push(request)
    request.resume().on('end', () => response.setHeader('X-Backend', 'stand-in').end('ok'))
  })

  async open(port: number): Promise<void> {
    this.server.listen(port, '127.0.0.1')
    await once(this.server, 'listening')
  }

  /** Sends one request through a proxy; returns what is missing on either side of it. */
  async missing(given: Case, port: number): Promise<readonly string[]> {
    this.seen.length = 0
    const headers = { Host: 'bench.example', 'X-Bench-Secret': '1' }
    const url = `http://127.0.0.1:${port}${pathOf(given, given.routes - 1)}`
    const answer = await exchange(url, 'body', headers)
    const request = this.seen.pop()
    if (answer?.status !== 200 || request === undefined) return [`answered ${answer?.status ?? 'nothing'}`]
    return lacks(given, request.headers, answer.headers)
  }

  async close(): Promise<void> {
    if (!this.server.listening) return
    const closed = once(this.server, 'close')
    this.server.close()
    this.server.closeAllConnections()
    await closed
  }
}

type Headers = Readonly<Record<string, string | string[] | undefined>>

function lacks(given: Case, request: Headers, response: Headers): string[] {
  const absent = (headers: Headers, names: readonly string[], where: string) =>
    names.filter(name => headers[name.toLowerCase()] === undefined).map(name => `no ${name} in the ${where}`)
  const present = (headers: Headers, name: string, where: string) =>
    headers[name.toLowerCase()] === undefined ? [] : [`${name} is still in the ${where}`]
  const always = absent(request, everyPeer, 'request')
  if (!given.headerFilters) return always
  return [
    ...always,
    ...absent(request, [...Object.keys(requestFilters.set), ...Object.keys(requestFilters.add)], 'request'),
    ...absent(
      response,
      [...Object.keys(responseFilters.set), ...Object.keys(responseFilters.add)],
      'response',
    ),
    ...present(request, requestFilters.remove, 'request'),
    ...present(response, responseFilters.remove, 'response'),
  ]
}
