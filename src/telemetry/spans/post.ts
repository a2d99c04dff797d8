import { Agent as HttpAgent, request as requestHttp, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'

/** Where OTLP/HTTP is spoken. */
export interface Collector {
  /** All of it, with `/v1/traces`. */
  readonly url: URL
  /** Fields that it wants beside those of OTLP: a key of its own. */
  readonly headers: Readonly<Record<string, string>>
}

/** What became of a request. */
export interface Posted {
  readonly isTaken: boolean
  /** Of those in it, how many it has not taken although it took the request. */
  readonly rejected: number
  /** What is wrong; "" for nothing. */
  readonly reason: string
  readonly isWorthAnother: boolean
  /** How long it asks to be left alone. */
  readonly afterMs: number
}

/** How long a collector may take. */
export const TIMEOUT_MS = 10_000
/** Of its answer, which says little. */
export const MOST_ANSWER_BYTES = 64 * 1024
/** Retryable by OTLP 1.x, "Failures". */
const AGAIN = new Set([429, 502, 503, 504])
const MOST_AFTER_MS = 60_000

const agents = {
  'http:': new HttpAgent({ keepAlive: true, maxSockets: 1 }),
  'https:': new HttpsAgent({ keepAlive: true, maxSockets: 1 }),
}

/** Never rejects. */
export async function post({ url, headers }: Collector, body: string): Promise<Posted> {
  try {
    const answer = await answered(url, headers, Buffer.from(body))
    const text = await textOf(answer)
    return judged(answer.statusCode ?? 0, answer.headers['retry-after'], text)
  } catch (error) {
    return unposted(reasonOf(error))
  }
}

const NOTHING: Posted = { isTaken: false, rejected: 0, reason: '', isWorthAnother: false, afterMs: 0 }

/** There was no answer. */
export function unposted(reason: string): Posted {
  return { ...NOTHING, reason, isWorthAnother: true }
}

function answered(url: URL, headers: Collector['headers'], body: Buffer): Promise<IncomingMessage> {
  const isSecure = url.protocol === 'https:'
  return new Promise((resolve, reject) => {
    const asked = (isSecure ? requestHttps : requestHttp)(url, {
      method: 'POST',
      agent: agents[isSecure ? 'https:' : 'http:'],
      headers: {
        ...headers,
        'content-type': 'application/json',
        'content-length': body.length,
        'user-agent': 'portcullis',
      },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    asked.on('response', resolve)
    asked.on('error', reject)
    asked.end(body)
  })
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const piece of answer as AsyncIterable<Buffer>)
    if ((bytes += piece.length) <= MOST_ANSWER_BYTES) pieces.push(piece)
  return Buffer.concat(pieces).toString()
}

/** What the answer of a collector says. */
export function judged(status: number, retryAfter: string | undefined, text: string): Posted {
  if (status >= 200 && status < 300) return { ...NOTHING, isTaken: true, ...partOf(text) }
  const afterMs =
    retryAfter !== undefined && /^\d{1,5}$/.test(retryAfter)
      ? Math.min(MOST_AFTER_MS, Number(retryAfter) * 1_000)
      : 0
  return { ...NOTHING, reason: `it answered ${status}`, isWorthAnother: AGAIN.has(status), afterMs }
}

/** `partialSuccess` of an ExportTraceServiceResponse; who answers something else has taken all. */
function partOf(text: string): Pick<Posted, 'rejected' | 'reason'> {
  try {
    const { partialSuccess = {} } = JSON.parse(text) as {
      partialSuccess?: { rejectedSpans?: string | number; errorMessage?: string }
    }
    const rejected = Number(partialSuccess.rejectedSpans ?? 0)
    return {
      rejected: Number.isSafeInteger(rejected) ? rejected : 0,
      reason: partialSuccess.errorMessage ?? '',
    }
  } catch {
    return { rejected: 0, reason: '' }
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return `it has not answered in ${TIMEOUT_MS / 1_000} s`
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message
}
