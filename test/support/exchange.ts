import type { Exchange } from '../../src/filters/filter.ts'
import type { Origin } from '../../src/snapshot/snapshot.ts'
import { requestHead, responseHead } from './head.ts'

/** An exchange as filters see it. */
export function exchange(
  request: Parameters<typeof requestHead>[0],
  responseFields: readonly string[] = [],
  status = 200,
): Exchange {
  return {
    id: 'test',
    request: requestHead(request),
    response: responseHead(responseFields, status),
    clientAddress: '192.0.2.1',
    localPort: 8080,
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
