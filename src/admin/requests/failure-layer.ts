import { failures, isFailureName } from '../../http/failures.ts'
import type { StoryStep } from '../shapes/requests.ts'

type Layer = StoryStep['layer']

/** Which layer a failure is of, where no filter has named it and its side alone does not tell. */
const LAYERS: Readonly<Record<string, Layer>> = {
  http_request_error: 'request',
  http_method_not_allowed: 'port',
  http_request_too_large: 'port',
  proxy_overloaded: 'port',
  proxy_loop_detected: 'port',
  misdirected_request: 'listener',
  route_not_found: 'route',
  proxy_configuration_error: 'route',
  destination_not_found: 'action',
  protection_missing: 'action',
}

export function layerOf(failure: string): Layer {
  const known = LAYERS[failure]
  if (known !== undefined) return known
  if (!isFailureName(failure)) return 'answer'
  const { side } = failures[failure]
  return side === 'upstream' ? 'backend' : side === 'downstream' ? 'connection' : 'answer'
}

/** For a person: `The backend refused the connection (connection_refused: ECONNREFUSED)`. */
export function failureText(failure: string, reason: string): string {
  const name = reason === '' ? failure : `${failure}: ${reason}`
  return isFailureName(failure) ? `${failures[failure].title} (${name})` : name
}
