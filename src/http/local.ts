import { Fields, sameName } from './fields.ts'
import { NO_BODY, type ResponseHead } from './head.ts'

/**
 * The head of an answer that we make ourselves; `fields` is name, value, name, value … A Content-Length among them is
 * the word of somebody else, as of a service that was asked with HEAD: ours is that of the body that is here, and where
 * there is none of what they speak of, no length is said.
 */
export function localHead(status: number, fields: readonly string[], bodyBytes: number): ResponseHead {
  const { own, said } = withoutLength(fields)
  return {
    status,
    reason: '',
    version: 11,
    fields: own,
    length: bodyBytes === 0 ? NO_BODY : bodyBytes,
    // RFC 9110 §8.6: no Content-Length in 204.
    hasLength: status !== 204 && !(said && bodyBytes === 0),
    keepAlive: true,
    upgrade: '',
    trailer: '',
  }
}

function withoutLength(fields: readonly string[]): { readonly own: Fields; readonly said: boolean } {
  const own = new Fields([...fields])
  const said = fields.some((name, i) => i % 2 === 0 && sameName(name, 'content-length'))
  if (said) own.remove('content-length')
  return { own, said }
}
