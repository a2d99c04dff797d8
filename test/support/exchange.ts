import type { Exchange } from '../../src/filters/filter.ts'
import { Notes } from '../../src/filters/notes.ts'
import type { Origin } from '../../src/snapshot/origin.ts'
import { requestHead, responseHead } from './head.ts'

/** An exchange as filters see it; `more` is what a test is about. */
export function exchange(
  request: Parameters<typeof requestHead>[0],
  responseFields: readonly string[] = [],
  status = 200,
  more: Partial<Exchange> = {},
): Exchange {
  const head = requestHead(request)
  return {
    id: 'test',
    request: head,
    asked: { ...head },
    heldBody: null,
    withholdTrailers() {},
    response: responseHead(responseFields, status),
    clientAddress: '192.0.2.1',
    peerAddress: '',
    certificate: null,
    localPort: 8080,
    listener: 'default/gateway/http',
    route: 'httproute/default/test/0',
    ruleDigest: '',
    notes: new Notes(),
    signal: new AbortController().signal,
    deadlineMs: Infinity,
    startedMs: 0,
    status,
    failure: null,
    mayForward: false,
    repeat: () => () => {},
    requestBytes: 0,
    responseBytes: 0,
    ...more,
  }
}

/** Where the configuration under test would have been written. */
export const origin: Origin = {
  resource: 'HTTPRoute/default/test',
  group: 'gateway.networking.k8s.io',
  role: 'ingress',
  path: 'spec.rules[0].filters[0]',
  file: 'test.yaml',
  line: 1,
  column: 1,
}
