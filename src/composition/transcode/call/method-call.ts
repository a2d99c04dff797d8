import { MethodOptions_IdempotencyLevel as Level } from '@bufbuild/protobuf/wkt'
import type { DescMethod } from '@bufbuild/protobuf'
import { writeTimeout } from '../../../http/grpc/timeout.ts'
import type { Backend } from '../../backends/backend.ts'
import type { CallSite } from '../../backends/call-site.ts'
import { track, type RunningCall } from '../../backends/tracked-call.ts'
import { CallFailure } from '../../calls/failure.ts'
import { basePathOf } from '../../transport/base-path.ts'
import type { BackendRequest } from '../../transport/transport.ts'
import { codeHttpStatus, codeName } from '../../grpc/codes.ts'
import { envelope } from '../../grpc/envelopes.ts'
import { OK } from '../../../http/grpc/status.ts'
import type { Metadata } from './metadata.ts'
import { MethodAnswer } from './method-answer.ts'

/** A method of a backend, with what is asked of it. */
export interface MethodCall {
  /** Of the backend, in the composition. */
  readonly name: string
  readonly backend: Backend
  readonly method: DescMethod
  /** All of it: of the backend, and of the client. */
  readonly metadata: Metadata
  /** One, or several as they come. */
  readonly messages: Uint8Array | AsyncIterable<Uint8Array>
}

/** `/shop.Shop/GetBook` */
export const methodPath = (method: DescMethod): string => `/${method.parent.typeName}/${method.name}`

/** Calls it by gRPC over HTTP/2. The answer comes with its head; fails with a CallFailure where there is none. */
export function callMethod(site: CallSite, call: MethodCall): Promise<MethodAnswer> {
  return new Promise((resolve, reject) => {
    const { name, backend, method } = call
    const timeoutMs = method.methodKind === 'unary' ? backend.timeoutMs : Infinity
    let given: MethodAnswer | null = null
    // Of a client whose messages end badly the call ends with what is wrong with them.
    const wrong = (reason: unknown) => {
      reject(reason as Error)
      given?.fail(reason)
    }
    track(site, `${name} ${method.localName}`, timeoutMs, reject, running => {
      void site.transport.send(requestFor(site, call, running, wrong)).then(
        answer => {
          running.record.status = answer.status
          const one = (given = new MethodAnswer(answer, running.name, backend.limitBytes))
          resolve(one)
          one.onOver(failure => {
            const error = failure ?? failureOf(running.name, one)
            if (error === null) running.end()
            else running.fail(error)
          })
          // Whoever was to read it may have gone without a word, or before it came.
          const { signal } = running
          if (signal.aborted) one.fail(signal.reason)
          else signal.addEventListener('abort', () => one.fail(signal.reason))
        },
        (error: unknown) => running.fail(error),
      )
    })
  })
}

/** Null where it has ended well. */
function failureOf(call: string, { status }: MethodAnswer): CallFailure | null {
  const { code: number, message } = status!
  if (number === OK) return null
  const code = codeName(number)
  const said = { status: codeHttpStatus(code), headers: {}, body: undefined }
  return new CallFailure('backend_status', call, code, {
    answer: { ...said, grpc: { code, message, details: [] } },
  })
}

function requestFor(
  site: CallSite,
  call: MethodCall,
  { name, signal, deadlineMs, record }: RunningCall,
  wrong: (reason: unknown) => void,
): BackendRequest {
  const { backend, method, messages } = call
  return {
    backend: call.name,
    url: backend.url,
    call: name,
    protocol: 'h2',
    method: 'POST',
    target: `${basePathOf(backend.url)}${methodPath(method)}`,
    headers: headersFor(call, deadlineMs - site.request.clock.now()),
    body: messages instanceof Uint8Array ? envelope(0, messages) : enveloped(messages, wrong),
    signal,
    deadlineMs,
    retry: backend.retry,
    repeatable: messages instanceof Uint8Array && isRepeatable(call),
    streams: method.methodKind !== 'unary',
    record,
    client: site.client,
    holding: site.request.holding,
  }
}

/** As its .proto file says, or the backend where it is declared. */
const isRepeatable = ({ method, backend }: MethodCall): boolean =>
  method.idempotency !== Level.IDEMPOTENCY_UNKNOWN || backend.grpc?.idempotent.has(method.localName) === true

/** The deadline is told as what is left: what the client said is no more true when its request has come this far. */
function headersFor({ metadata }: MethodCall, leftMs: number): Record<string, string> {
  const headers: Record<string, string> = {
    ...metadata,
    'content-type': 'application/grpc+proto',
    te: 'trailers',
    'grpc-accept-encoding': 'identity,gzip',
  }
  if (leftMs !== Infinity) headers['grpc-timeout'] = writeTimeout(leftMs)
  return headers
}

async function* enveloped(
  messages: AsyncIterable<Uint8Array>,
  wrong: (reason: unknown) => void,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const message of messages) yield envelope(0, message)
  } catch (error) {
    wrong(error)
    throw error
  }
}
