import { Fields } from './fields.ts'
import { NO_BODY, type ResponseHead } from './head.ts'

/** The head of an answer that we make ourselves; `fields` is name, value, name, value … */
export function localHead(status: number, fields: readonly string[], bodyBytes: number): ResponseHead {
  return {
    status,
    reason: '',
    version: 11,
    fields: new Fields([...fields]),
    length: bodyBytes === 0 ? NO_BODY : bodyBytes,
    // RFC 9110 §8.6: no Content-Length in 204.
    hasLength: status !== 204,
    keepAlive: true,
    upgrade: '',
    trailer: '',
  }
}
