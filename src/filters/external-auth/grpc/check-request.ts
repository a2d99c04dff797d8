import { schemeOf, type Asker } from '../asking.ts'
import { Message } from './protobuf.ts'

/** What the service is told of a connection and a request beside Asker. */
export interface Checked extends Asker {
  readonly id: string
  readonly request: Asker['request'] & { readonly version: number; readonly length: number }
}

/**
 * envoy.service.auth.v3.CheckRequest: its AttributeContext with the client's address (`source`) and the request.
 * Headers are a map, as Envoy sends them: names in lower case, several of one name joined by commas; beside them go the
 * pseudo-headers, which is where services look for method and path. `fields` are those that are sent.
 */
export function checkRequest(
  x: Checked,
  fields: readonly string[],
  body: Buffer | null,
  wallMs: number,
): Buffer {
  const request = new Message().message(1, timestamp(wallMs)).message(2, httpRequest(x, fields, body))
  const context = new Message().message(1, peer(x.clientAddress)).message(4, request)
  return new Message().message(1, context).end()
}

function httpRequest(x: Checked, fields: readonly string[], body: Buffer | null): Message {
  const { asked, request } = x
  const target = asked.path + request.query
  const scheme = schemeOf(x)
  const http = new Message().text(1, x.id).text(2, asked.method)
  for (const [name, value] of headersOf(x, fields, target, scheme))
    http.message(3, new Message().text(1, name).text(2, value))
  http.text(4, target).text(5, asked.authority).text(6, scheme)
  // `query` and `fragment` are of `path` in what Envoy sends, and empty.
  http.number(9, Math.max(request.length, 0)).text(10, protocols[request.version] ?? 'HTTP/1.1')
  return body === null ? http : http.bytes(isUtf8(body) ? 11 : 12, body)
}

const protocols: Readonly<Record<number, string>> = { 10: 'HTTP/1.0', 11: 'HTTP/1.1', 20: 'HTTP/2' }

/** `body` is a text, and must be UTF-8; `raw_body` takes the rest. */
function isUtf8(body: Buffer): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(body)
    return true
  } catch {
    return false
  }
}

function headersOf(
  { asked }: Checked,
  fields: readonly string[],
  target: string,
  scheme: string,
): Map<string, string> {
  const headers = new Map([
    [':authority', asked.authority],
    [':method', asked.method],
    [':path', target],
    [':scheme', scheme],
  ])
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i]!.toLowerCase()
    const value = textOf(fields[i + 1]!)
    const before = headers.get(name)
    // RFC 9113 §8.2.3: cookies are joined in their own way.
    const glue = name === 'cookie' ? '; ' : ','
    headers.set(name, before === undefined ? value : before + glue + value)
  }
  return headers
}

/** Bytes of a field are UTF-8 where they are text; a string of Protocol Buffers can be nothing else. */
function textOf(value: string): string {
  return /^[ -~]*$/.test(value) ? value : Buffer.from(value, 'latin1').toString()
}

/** config.core.v3.Address of a SocketAddress; the port of a client says nothing behind a balancer. */
function peer(address: string): Message {
  const socket = new Message().text(2, address)
  return new Message().message(1, new Message().message(1, socket))
}

function timestamp(wallMs: number): Message {
  return new Message().number(1, Math.floor(wallMs / 1000)).number(2, (wallMs % 1000) * 1_000_000)
}
