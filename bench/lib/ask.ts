import { request as plainRequest } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { connect } from 'node:http2'
import { request as secureRequest } from 'node:https'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'

import type { Case } from './cases.ts'

export interface Answer {
  readonly status: number
  readonly body: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** TLS version and cipher suite; '' without TLS. */
  readonly secured: string
}

export interface Asked {
  readonly path: string
  /** '' is GET. */
  readonly body?: string
  readonly headers?: Record<string, string>
}

type Speaking = Pick<Case, 'tls' | 'protocol'>

/** One request on a connection of its own, in what the case's clients speak; null when the connection fails. */
export function ask(speaking: Speaking, port: number, asked: Asked): Promise<Answer | null> {
  const url = `${speaking.tls ? 'https' : 'http'}://127.0.0.1:${port}`
  return speaking.protocol === 'h2' ? byHttp2(url, asked) : byHttp1(url, asked)
}

const TIMEOUT_MS = 5000

function byHttp1(url: string, { path, body = '', headers = {} }: Asked): Promise<Answer | null> {
  return new Promise(resolve => {
    const method = body === '' ? 'GET' : 'POST'
    const options = { method, headers, agent: false, timeout: TIMEOUT_MS, rejectUnauthorized: false }
    const answered = (response: IncomingMessage) => {
      const { socket } = response
      let text = ''
      response.setEncoding('latin1')
      response.on('data', (chunk: string) => (text += chunk))
      response.on('end', () => resolve(answer(response.statusCode ?? 0, text, response.headers, socket)))
      response.on('error', () => resolve(null))
    }
    const call = (url.startsWith('https') ? secureRequest : plainRequest)(`${url}${path}`, options, answered)
    // Switching protocols is an answer as well.
    call.on('upgrade', (response, socket) => {
      resolve(answer(response.statusCode ?? 0, '', response.headers, response.socket))
      socket.destroy()
    })
    call.on('timeout', () => call.destroy())
    call.on('error', () => resolve(null))
    call.end(body)
  })
}

function byHttp2(url: string, { path, body = '', headers = {} }: Asked): Promise<Answer | null> {
  return new Promise(resolve => {
    const session = connect(url, { rejectUnauthorized: false })
    const end = (result: Answer | null) => {
      resolve(result)
      session.destroy()
    }
    const { Host: authority, ...others } = headers
    const call = session.request({
      ':method': body === '' ? 'GET' : 'POST',
      ':path': path,
      ...(authority === undefined ? {} : { ':authority': authority }),
      ...others,
    })
    let status = 0
    let text = ''
    let received: IncomingHttpHeaders = {}
    session.on('error', () => end(null))
    call.on('error', () => end(null))
    call.setTimeout(TIMEOUT_MS, () => end(null))
    call.on('response', head => {
      status = head[':status'] ?? 0
      received = head
    })
    call.setEncoding('latin1')
    call.on('data', (chunk: string) => (text += chunk))
    call.on('end', () => end(status === 0 ? null : answer(status, text, received, session.socket)))
    // A GET has ended already.
    if (body !== '') call.end(body)
  })
}

function answer(
  status: number,
  body: string,
  headers: IncomingHttpHeaders,
  socket: Socket | TLSSocket,
): Answer {
  return { status, body, headers, secured: securedBy(socket) }
}

function securedBy(socket: Socket | TLSSocket): string {
  // The socket of an HTTP/2 session is a proxy, which has no class and answers no `in`.
  const { getCipher, getProtocol } = socket as Partial<TLSSocket>
  if (getCipher === undefined || getProtocol === undefined) return ''
  return `${getProtocol.call(socket) ?? ''} ${getCipher.call(socket).name}`
}
