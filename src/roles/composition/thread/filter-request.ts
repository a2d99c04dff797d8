import { FILTER_METHOD } from '../../../composition/filters/filter.ts'
import type { GatewayRequest } from '../../../composition/engine/messages.ts'
import { FILTERING, type FilterCall } from '../../../shared/crossing/filtering.ts'
import { headersOf } from './headers.ts'

/** What has crossed to a filter, as its engine takes it: with the fields of the request that is filtered. */
export function filterRequest(request: GatewayRequest): GatewayRequest {
  // A worker has written it.
  const filtering = JSON.parse(request.headers[FILTERING] ?? '') as FilterCall
  return {
    ...request,
    method: FILTER_METHOD,
    target: `/${filtering.phase}`,
    headers: headersOf(filtering.fields),
    filtering,
  }
}
