import type { Fields } from '../fields.ts'
import { NO_BODY, type RequestHead, type ResponseHead } from '../head.ts'
import { ENTRY_OVERHEAD } from './field-table.ts'

/** A status, and the date that we add where there is none. */
const RESPONSE_BYTES = 7 + 3 + ENTRY_OVERHEAD + 4 + 29 + ENTRY_OVERHEAD
/** The names of the four pseudo-header fields of a request. */
const PSEUDO_BYTES = 7 + 7 + 10 + 5 + 4 * ENTRY_OVERHEAD

/** The size of fields as SETTINGS_MAX_HEADER_LIST_SIZE counts it (RFC 9113 §6.5.2): characters, and 32 for each. */
export function listBytes({ list }: Fields): number {
  let bytes = 0
  for (let i = 0; i < list.length; i += 2) bytes += list[i]!.length + list[i + 1]!.length + ENTRY_OVERHEAD
  return bytes
}

/** The same of a request's head, with all that is added when it is written. */
export function requestListBytes(head: RequestHead, scheme: string): number {
  const { method, path, query, authority, upgrade } = head
  const pseudo = method.length + scheme.length + authority.length + path.length + query.length
  const protocol = upgrade === '' ? 0 : 9 + upgrade.length + ENTRY_OVERHEAD
  const te = head.acceptsTrailers ? 10 + ENTRY_OVERHEAD : 0
  return PSEUDO_BYTES + pseudo + protocol + te + ownBytes(head) + listBytes(head.fields)
}

export function responseListBytes(head: ResponseHead): number {
  return RESPONSE_BYTES + ownBytes(head) + listBytes(head.fields)
}

/** Content-Length and Trailer. */
function ownBytes({ length, hasLength, trailer }: RequestHead | ResponseHead): number {
  const sized = length > 0 || (length === NO_BODY && hasLength)
  return (
    (sized ? 14 + String(length).length + ENTRY_OVERHEAD : 0) +
    (trailer === '' ? 0 : 7 + trailer.length + ENTRY_OVERHEAD)
  )
}
