import type { Exchange } from '../../filters/filter.ts'
import { Notes } from '../../filters/notes.ts'
import { Fields } from '../../http/fields.ts'
import { NO_BODY } from '../../http/head.ts'
import type { Explanation } from './explanation.ts'

/** A request that nobody has sent, as filters see one. `client` is an IP address, or "" where nobody has said. */
export function askedExchange(
  { head, port, route: { listeners, hit } }: Extract<Explanation, { readonly head: unknown }>,
  client: string,
): Exchange {
  return {
    id: '',
    // Of its own: the explanation shows what was asked.
    request: { ...head, fields: new Fields([...head.fields.list]) },
    asked: head,
    heldBody: null,
    withholdTrailers() {},
    response: { ...noResponse, fields: new Fields() },
    clientAddress: client,
    peerAddress: '',
    certificate: null,
    localPort: port.port,
    listener: listeners.find(({ taken }) => taken)?.listener.name ?? '',
    route: hit?.entry.rule.id ?? '',
    ruleDigest: hit?.entry.rule.digest ?? '',
    notes: new Notes(),
    signal: new AbortController().signal,
    deadlineMs: Infinity,
    startedMs: 0,
    status: 0,
    failure: null,
    mayForward: false,
    requestBytes: 0,
    repeat: () => () => {},
    responseBytes: 0,
  }
}

const noResponse = {
  status: 0,
  reason: '',
  version: 11,
  length: NO_BODY,
  hasLength: false,
  keepAlive: true,
  upgrade: '',
  trailer: '',
}
