import { problem } from '../../http/problem.ts'

/** A request line of HTTP/1 in what should have been a ClientHello: a method, and the target's first byte. */
export function isPlainRequest(bytes: Buffer): boolean {
  return /^[A-Z]{3,16} [/h]/.test(bytes.toString('latin1', 0, 32))
}

const { body } = problem(400, {
  title: 'Bad Request',
  detail:
    'This port takes HTTPS, and this request came without it: ask for the same URL with https:// in front.',
  reason: 'tls_plain_request',
})

/** What somebody is told who typed http:// where https:// is served; a connection that just ends tells nothing. */
export const PLAIN_REQUEST_ANSWER: string =
  'HTTP/1.1 400 Bad Request\r\nContent-Type: application/problem+json\r\nCache-Control: no-store\r\n' +
  `Connection: close\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
