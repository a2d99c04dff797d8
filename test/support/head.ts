import { Fields } from '../../src/http/fields.ts'
import { HINT_ORIGIN, NO_BODY, type RequestHead, type ResponseHead } from '../../src/http/head.ts'

/** A request as the codec would hand it over; fields as name, value, name, value … */
export function requestHead(
  more: Partial<Omit<RequestHead, 'fields'>> & { readonly fields?: readonly string[] } = {},
): RequestHead {
  const fields = new Fields([...(more.fields ?? [])])
  const authority = more.authority ?? 'example.com'
  return {
    method: 'GET',
    scheme: 'http',
    hostname: authority.replace(/:\d*$/, '').toLowerCase(),
    path: '/',
    query: '',
    version: 11,
    length: NO_BODY,
    hasLength: false,
    keepAlive: true,
    upgrade: '',
    expectContinue: false,
    acceptsTrailers: false,
    trailer: '',
    hints: fields.has('origin') ? HINT_ORIGIN : 0,
    ...more,
    authority,
    fields,
  }
}

export function responseHead(fields: readonly string[] = [], status = 200): ResponseHead {
  return {
    status,
    reason: '',
    version: 11,
    fields: new Fields([...fields]),
    length: NO_BODY,
    hasLength: false,
    keepAlive: true,
    upgrade: '',
    trailer: '',
  }
}
