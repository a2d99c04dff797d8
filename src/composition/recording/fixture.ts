import type { DescMethod } from '@bufbuild/protobuf'
import type { Backends } from '../backends/backend.ts'
import type { CallFailureName } from '../calls/failure.ts'
import type { BackendRequest } from '../transport/transport.ts'
import { contentOf, type Content } from './content.ts'
import type { Secrets } from './secrets.ts'

/** What a backend answered to a call, without secrets. Of a request it has no fields: credentials are among them. */
export interface Fixture {
  /** `users GET /users/{id}` */
  readonly call: string
  readonly request: { readonly method: string; readonly target: string; readonly body?: Content }
  readonly answer: RecordedAnswer | RecordedFailure
}

export interface RecordedAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Content
  readonly trailers?: Readonly<Record<string, string>>
}

/** There was no answer, or nobody waited for it: `cancelled`, of a call beside one that failed. */
export interface RecordedFailure {
  readonly failure: CallFailureName
}

/** Beside the fixtures of a folder: what is hidden in them, and so is not looked at in requests. */
export interface Recorded {
  readonly hidden: readonly string[]
}

/** The file of a folder that says that. */
export const RECORDED = 'recorded.json'

/** The request of a call as fixtures have it. What streams to the backend is no part of it. */
export async function requestOf(
  { method, target, headers, body }: BackendRequest,
  rpc: DescMethod | null,
  secrets: Secrets,
): Promise<Fixture['request']> {
  const bytes = body instanceof Uint8Array ? body : new Uint8Array()
  const content = await contentOf(bytes, { headers, schema: rpc?.input ?? null, secrets })
  return { method, target: secrets.target(target), ...(content !== undefined && { body: content }) }
}

/** Requests of one key have one answer. */
export const keyOf = (call: string, request: Fixture['request']): string => JSON.stringify([call, request])

/** The method that a request of gRPC is of; null of any other, and of one that the backend is not declared with. */
export function methodOf(backends: Backends, { backend, target }: BackendRequest): DescMethod | null {
  const name = target.slice(target.lastIndexOf('/') + 1)
  return backends[backend]?.grpc?.service.methods.find(one => one.name === name) ?? null
}
