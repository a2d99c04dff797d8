import { AsyncLocalStorage } from 'node:async_hooks'
import * as acme from 'acme-client'
import { PlainAgent, SecureAgent } from '../../../upstream/own-agents.ts'
import { AcmeRefusal } from './refusal.ts'

/** One request to a directory, its answer included. Theirs take seconds when they are busy. */
const TIMEOUT_MS = 30_000
/** Of an answer; chains have 5,000 bytes. */
const MOST_BYTES = 1024 * 1024
const MOST_PATIENCE_MS = 7 * 86_400_000

/** What calls to one directory have in common. */
export interface Calling {
  readonly agent: SecureAgent
  readonly signal: AbortSignal
  /** What went wrong with the last request. */
  problem: Problem | null
}

/** RFC 7807, as RFC 8555 §6.7 uses it, with what the answer said beside it. */
interface Problem {
  /** Without `urn:ietf:params:acme:error:`; "" where there was no answer at all. */
  readonly type: string
  readonly detail: string
  readonly status: number
  readonly retryAfterMs: number
}

/** A directory is asked by TLS; to where it redirects may be by none. */
const plainAgent = new PlainAgent()
const calls = new AsyncLocalStorage<Calling>()

// The library's own: they try again up to five times, sleeping as long as the server says, and lose why.
acme.axios.interceptors.request.clear()
acme.axios.interceptors.response.clear()
acme.axios.interceptors.request.use(config => {
  const call = calls.getStore()
  if (call === undefined) throw new Error('a request to a directory outside of calling()')
  return {
    ...config,
    httpAgent: plainAgent,
    httpsAgent: call.agent,
    signal: call.signal,
    timeout: TIMEOUT_MS,
    maxContentLength: MOST_BYTES,
    maxRedirects: 3,
  }
})
acme.axios.interceptors.response.use(
  response => {
    const { status, headers } = response
    const data: unknown = response.data
    const call = calls.getStore()
    if (call !== undefined && status >= 400) call.problem = problemOf(status, headers['retry-after'], data)
    return response
  },
  (error: unknown) => {
    const call = calls.getStore()
    const code = error instanceof Error && 'code' in error ? `${String(error.code)}: ` : ''
    const detail = error instanceof Error ? `${code}${error.message}` : String(error)
    if (call !== undefined) call.problem = { type: '', detail, status: 0, retryAfterMs: 0 }
    throw error instanceof Error ? error : new Error(detail)
  },
)

/** Calls to a directory whose certificate these authorities may have issued (PEM; null: whom the system trusts). */
export function newCalling(authorities: string | null, signal: AbortSignal): Calling {
  const agent = new SecureAgent({ keepAlive: true, ...(authorities === null ? {} : { ca: authorities }) })
  return { agent, signal, problem: null }
}

/** Runs something that makes requests; what they fail by comes out as a Refusal. */
export async function calling<T>(call: Calling, work: () => Promise<T>): Promise<T> {
  call.problem = null
  try {
    return await calls.run(call, work)
  } catch (error) {
    if (error instanceof AcmeRefusal || call.signal.aborted) throw error
    throw refusalOf(call.problem, error)
  }
}

/** Whether this is what the directory said, by its type without prefix. */
export function said(call: Calling, ...types: readonly string[]): boolean {
  return call.problem !== null && types.includes(call.problem.type)
}

function problemOf(status: number, retryAfter: unknown, data: unknown): Problem {
  const { type, detail } = typeof data === 'object' && data !== null ? (data as Record<string, unknown>) : {}
  return {
    type: typeof type === 'string' ? type.replace('urn:ietf:params:acme:error:', '') : '',
    detail: typeof detail === 'string' ? detail.slice(0, 500) : '',
    status,
    retryAfterMs: retryAfterMs(retryAfter),
  }
}

/** RFC 9110 §10.2.3: seconds or a date. */
export function retryAfterMs(value: unknown, nowMs = Date.now()): number {
  if (typeof value !== 'string') return 0
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - nowMs
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), MOST_PATIENCE_MS) : 0
}

function refusalOf(problem: Problem | null, cause: unknown): AcmeRefusal {
  if (problem === null) return new AcmeRefusal('OrderRefused', messageOf(cause), 0, cause)
  const { type, detail, status, retryAfterMs: waitMs } = problem
  if (status === 0) return new AcmeRefusal('DirectoryUnreachable', detail, 0, cause)
  if (type === '') return new AcmeRefusal('DirectoryUnreachable', `it answered ${status}`, waitMs, cause)
  const words = detail === '' ? type : `${type}: ${detail}`
  return new AcmeRefusal(reasonOf(type, status), words, waitMs, cause)
}

function reasonOf(type: string, status: number): AcmeRefusal['reason'] {
  switch (type) {
    case 'rateLimited':
      return 'RateLimited'
    case 'userActionRequired':
      return 'TermsNotAgreed'
    case 'externalAccountRequired':
    case 'accountDoesNotExist':
    case 'unauthorized':
    case 'badPublicKey':
    case 'invalidContact':
    case 'unsupportedContact':
      return 'AccountRefused'
    case 'serverInternal':
      return 'DirectoryUnreachable'
    default:
      return status >= 500 ? 'DirectoryUnreachable' : 'OrderRefused'
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
