import { request } from 'node:http'
import { buffer } from 'node:stream/consumers'

interface Init {
  readonly method?: string
  readonly headers?: readonly (readonly [string, string])[]
  readonly body?: string
}

/** As `fetch`, but it sends what it is told and nothing else: Node's own adds Cache-Control: no-cache where it sees a condition. */
export function plainFetch(
  url: string,
  { method = 'GET', headers = [], body }: Init = {},
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const lines = headers.flatMap(([name, value]) => [name, String(value)])
    const length = body === undefined ? [] : ['Content-Length', String(Buffer.byteLength(body))]
    const call = request(url, {
      method,
      headers: ['Host', new URL(url).host, ...lines, ...length],
      agent: false,
    })
    call.on('error', reject)
    call.on('response', answer => {
      const known = new Headers()
      const { rawHeaders: raw, statusCode: status = 0, statusMessage: statusText = '' } = answer
      for (let i = 0; i < raw.length; i += 2) known.append(raw[i]!, raw[i + 1]!)
      buffer(answer).then(bytes => {
        const hasBody = bytes.length > 0 && status !== 204 && status !== 304
        const response = new Response(hasBody ? new Uint8Array(bytes) : null, {
          status: status === 999 ? 599 : status,
          statusText,
          headers: known,
        })
        Object.defineProperty(response, 'status', { value: status })
        resolve(response)
      }, reject)
    })
    call.end(body)
  })
}
