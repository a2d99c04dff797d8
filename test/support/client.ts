import { request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import type { Echo } from './upstream.ts'

export interface Asked {
  readonly method?: string
  /** Sent as it is. */
  readonly path?: string
  /** Host of the request; `a.example` where absent. */
  readonly host?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** An address of this machine that it is sent to; 127.0.0.1 where absent. */
  readonly to?: string
  /** An address of this machine that it comes from. */
  readonly from?: string
}

export interface Answer {
  readonly status: number
  /** Names in lower case. */
  readonly headers: IncomingHttpHeaders
  /** All lines of a field, in their order. */
  readonly distinct: Readonly<Record<string, readonly string[] | undefined>>
  readonly body: string
}

/** One request on a connection of its own; rejects where the connection breaks before the response's end. */
export async function send(port: number, asked: Asked = {}): Promise<Answer> {
  const { method = 'GET', path = '/', host = 'a.example', headers = {}, body, to = '127.0.0.1', from } = asked
  const call = request({
    host: to,
    port,
    method,
    path,
    agent: false,
    ...(from !== undefined && { localAddress: from }),
    headers: { Host: host, ...headers },
  })
  call.end(body)
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    call.on('response', resolve).on('error', reject)
  })
  const whole = await text(response)
  if (!response.complete) throw new Error('the response is not complete')
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    distinct: response.headersDistinct,
    body: whole,
  }
}

/** What the echo upstream saw. */
export function echoOf({ body }: Answer): Echo {
  return JSON.parse(body) as Echo
}

/** The values of a field that the echo upstream saw, in their order. */
export function seenBy(answer: Answer, name: string): string[] {
  return echoOf(answer)
    .headers.filter(([known]) => known.toLowerCase() === name.toLowerCase())
    .map(([, value]) => value)
}

/** Which `tagged` rule took the request, or the status where none did. */
export function ruleOf(answer: Answer): string | number {
  return answer.status === 200 ? (seenBy(answer, 'x-rule')[0] ?? 'untagged') : answer.status
}
