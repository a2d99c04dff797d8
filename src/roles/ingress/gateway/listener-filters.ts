import type { GatewayListener } from '../../../model/kinds/gateway-listener.ts'
import type { FieldPath } from '../../../model/resource.ts'
import type { Flaw } from '../../../translation/report.ts'

/**
 * Filters of listeners run before routes are chosen (Gateway API v1.7, experimental), and here a route is known first.
 * What they may protect is closed, and keeps its hostname: otherwise a wider listener would serve it without them.
 */
export function unservedFilters({ filters }: GatewayListener, path: FieldPath): readonly Flaw[] {
  if ((filters?.requests ?? []).length === 0) return []
  const message =
    'filters of listeners are not served, and requests are answered 500 (protection_missing); attach an ExternalAuthPolicy to the listener instead'
  return [{ reason: 'UnsupportedValue', path: [...path, 'filters'], message }]
}
