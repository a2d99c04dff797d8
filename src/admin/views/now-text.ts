import { authorityText } from '../../http/authority-text.ts'
import { formatDuration } from '../../model/quantity.ts'
import type * as shapes from '../shapes/cluster.ts'

/** `10.0.0.1:80 is ejected until …, why (1 of 2 workers say so)`. */
export function endpointText({ address, port, state, reason, until, says }: shapes.Endpoint): string {
  const words = says.of > 1 ? ` (${says.workers} of ${says.of} workers say so)` : ''
  const why = reason === null ? '' : `, ${reason}`
  return `${authorityText(address, port)} is ${state}${until === null ? '' : ` until ${until}`}${why}${words}`
}

/** `its breaker is open until …, 10 of 10 failed`. */
export function breakerText({ state, reason, until }: NonNullable<shapes.Cluster['breaker']>): string {
  const why = reason === null ? '' : `, ${reason}`
  return `its breaker is ${state}${until === null ? '' : ` until ${until}`}${why}`
}

/** How a cluster is, a line each; what is usual is short. */
export function nowLines({ endpoints, panics, breaker, retryBudget }: shapes.ClusterNow): readonly string[] {
  const serving = endpoints.filter(({ state }) => state === 'serving').length
  const others = endpoints.filter(({ state }) => state !== 'serving')
  const { requests = 0, retries = 0, allowed = 0, intervalMs = 0 } = retryBudget ?? {}
  return [
    `${serving} of ${endpoints.length} endpoints ${serving === 1 ? 'serves' : 'serve'}`,
    ...others.map(endpointText),
    ...(panics ? ['so few are well that all are used, also those that are not'] : []),
    ...(breaker === null ? [] : [`${breakerText(breaker)}, ${breaker.requests} requests under way`]),
    ...(retryBudget === null
      ? []
      : [
          `${retries} of ${allowed} retries of its budget used, with ${requests} requests in ${formatDuration(intervalMs)}`,
        ]),
  ]
}
