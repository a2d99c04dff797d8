import { CallFailure } from '../calls/failure.ts'
import type { BackendAnswer } from '../transport/transport.ts'
import type { HttpAnswer } from './http-client.ts'

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\b/i
const TEXT_TYPE = /^text\//i

/** What a call by a contract brings: JSON, text, or bytes by the answer's type, undefined where it is empty. */
export function resultOf(call: string, answer: BackendAnswer, content: Uint8Array): unknown {
  checkSuccess(call, answer, content)
  if (content.length === 0) return undefined
  const type = answer.headers['content-type'] ?? ''
  if (JSON_TYPE.test(type)) return jsonOf(call, content)
  return TEXT_TYPE.test(type) ? textOf(content) : content
}

/** What a call brings that takes JSON alone; undefined where the answer is empty. */
export function jsonResultOf(call: string, answer: BackendAnswer, content: Uint8Array): unknown {
  checkSuccess(call, answer, content)
  if (content.length === 0) return undefined
  const type = answer.headers['content-type'] ?? ''
  if (!JSON_TYPE.test(type))
    throw new CallFailure('backend_response_invalid', call, `it is ${JSON.stringify(type)}, expected JSON`)
  return jsonOf(call, content)
}

function checkSuccess(call: string, answer: BackendAnswer, content: Uint8Array): void {
  const { status, headers } = answer
  if (status < 200 || status > 299)
    throw new CallFailure('backend_status', call, String(status), {
      answer: { status, headers, body: errorBody(answer, content) },
    })
}

/** What a call without a contract brings. */
export function answerOf(call: string, { status, headers }: BackendAnswer, bytes: Uint8Array): HttpAnswer {
  return { status, headers, bytes, text: () => textOf(bytes), json: () => jsonOf(call, bytes) }
}

const textOf = (content: Uint8Array): string =>
  Buffer.from(content.buffer, content.byteOffset, content.byteLength).toString('utf8')

function jsonOf(call: string, content: Uint8Array): unknown {
  try {
    return JSON.parse(textOf(content))
  } catch (cause) {
    throw new CallFailure('backend_response_invalid', call, 'it is no JSON', { cause })
  }
}

/** An error page is for whoever looks into the failure: that it is broken is no other failure. */
function errorBody({ headers }: BackendAnswer, content: Uint8Array): unknown {
  if (content.length === 0) return undefined
  const text = textOf(content)
  if (!JSON_TYPE.test(headers['content-type'] ?? '')) return text
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
