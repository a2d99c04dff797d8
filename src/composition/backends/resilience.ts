/**
 * What holds for a backend's calls beyond timeouts and retries. It is kept where a gateway runs the composition, by what
 * keeps it for routes: fields are those of BackendPolicy and TrafficPolicy, and so are the defaults of what is left out
 * (docs/POLICIES.md). A policy on the Service or Backend that is called holds for what is not said here.
 */
export interface Resilience {
  /** How long one attempt may take, from connecting to its answer's end. */
  readonly attemptTimeoutMs?: number
  /** Answers are kept as RFC 9111 has it, and equal calls that are under way are one: for who asks the same with the same fields, credentials among them. */
  readonly cache?: CacheDeclaration
  /** A call that is not answered is sent to another endpoint too; the first answer counts. */
  readonly hedging?: HedgingDeclaration
  /** Calls are kept from a backend that fails. */
  readonly breaker?: BreakerDeclaration
  /** Calls at once. */
  readonly bulkhead?: BulkheadDeclaration
  /** What is answered in place of a backend that has failed. */
  readonly fallback?: FallbackDeclaration
}

/** The same as a backend has it, with the time of the whole where that is said. */
export interface DeclaredResilience extends Resilience {
  readonly timeoutMs?: number
}

export interface CacheDeclaration {
  readonly maxBodyBytes?: number
  /** Of the time since Last-Modified, for answers that say nothing of their own: 0 to 100. */
  readonly heuristicPercent?: number
  /** For answers that say nothing of it. */
  readonly staleWhileRevalidateMs?: number
  readonly staleIfErrorMs?: number
  /** How long a call waits for an equal one; 0: it does not. */
  readonly collapseMs?: number
}

export interface HedgingDeclaration {
  /** Of the latencies of the last minute: 1 to 99. */
  readonly percentile?: number
  readonly minDelayMs?: number
  /** Of the calls. */
  readonly maxPercent?: number
}

export interface BreakerDeclaration {
  readonly intervalMs?: number
  readonly minRequests?: number
  /** Of the calls of an interval; 0 is never. */
  readonly errorPercent?: number
  readonly slowPercent?: number
  readonly slowAfterMs?: number
  readonly openMs?: number
  /** Calls that are let through to see whether it is well again. */
  readonly probes?: number
}

export interface BulkheadDeclaration {
  /** In all threads of the composition together. */
  readonly maxParallel: number
  readonly maxPending?: number
  readonly maxWaitMs?: number
}

export interface FallbackDeclaration {
  /** Statuses that count as failures too, such as 503. */
  readonly statuses?: readonly number[]
  /** The last good answer of the cache, where it is not older. */
  readonly lastGoodMs?: number
  /** Where there is none. */
  readonly answer?: { readonly status: number; readonly contentType: string; readonly body: string }
}

/** Least and most of a number; of a list, of each in it. */
type Bounds = readonly [least: number, most: number]

const any: Bounds = [0, Infinity]
const some: Bounds = [1, Infinity]
const share: Bounds = [0, 100]

const known = {
  cache: {
    maxBodyBytes: any,
    heuristicPercent: share,
    staleWhileRevalidateMs: any,
    staleIfErrorMs: any,
    collapseMs: any,
  },
  hedging: { percentile: [1, 99], minDelayMs: any, maxPercent: share },
  breaker: {
    intervalMs: some,
    minRequests: some,
    errorPercent: share,
    slowPercent: share,
    slowAfterMs: any,
    openMs: some,
    probes: some,
  },
  bulkhead: { maxParallel: some, maxPending: any, maxWaitMs: any },
  fallback: { statuses: [400, 599], lastGoodMs: any, answer: 'answer' },
} as const satisfies Record<string, Readonly<Record<string, Bounds | 'answer'>>>

/** What of the settings it is. Throws a TypeError that names what cannot be. */
export function resilienceOf(settings: DeclaredResilience): DeclaredResilience {
  const { timeoutMs, attemptTimeoutMs, fallback, cache } = settings
  const said: Record<string, unknown> = {}
  if (timeoutMs !== undefined && timeoutMs !== Infinity)
    said['timeoutMs'] = within('timeoutMs', timeoutMs, some)
  if (attemptTimeoutMs !== undefined)
    said['attemptTimeoutMs'] = within('attemptTimeoutMs', attemptTimeoutMs, some)
  for (const [name, fields] of Object.entries(known)) {
    const declared: unknown = settings[name as keyof typeof known]
    if (declared !== undefined) said[name] = declaration(name, declared, fields)
  }
  if (fallback !== undefined && fallback.lastGoodMs === undefined && fallback.answer === undefined)
    throw refused('fallback', fallback, 'lastGoodMs, answer or both')
  if (fallback?.lastGoodMs !== undefined && cache === undefined)
    throw refused('fallback.lastGoodMs', fallback.lastGoodMs, 'cache beside it, which keeps the answer')
  return said
}

function declaration(
  path: string,
  declared: unknown,
  fields: Readonly<Record<string, Bounds | 'answer'>>,
): Record<string, unknown> {
  if (typeof declared !== 'object' || declared === null)
    throw refused(path, declared, 'an object, {} for all defaults')
  const said: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(declared) as [string, unknown][]) {
    const bounds = Object.hasOwn(fields, name) ? fields[name]! : null
    if (bounds === null) throw refused(path, name, `one of ${Object.keys(fields).join(', ')}`)
    if (value !== undefined)
      said[name] = bounds === 'answer' ? answerOf(value) : within(`${path}.${name}`, value, bounds)
  }
  return said
}

function within(path: string, value: unknown, [least, most]: Bounds): unknown {
  for (const one of [value].flat())
    if (typeof one !== 'number' || !Number.isFinite(one) || one < least || one > most)
      throw refused(path, one, most === Infinity ? `${least} or more` : `${least} to ${most}`)
  return value
}

function answerOf(value: unknown): unknown {
  const { status, contentType, body } = value as NonNullable<FallbackDeclaration['answer']>
  within('fallback.answer.status', status, [200, 599])
  if (typeof contentType !== 'string')
    throw refused('fallback.answer.contentType', contentType, 'a media type')
  if (typeof body !== 'string') throw refused('fallback.answer.body', body, 'text')
  return { status, contentType, body }
}

const refused = (path: string, value: unknown, expected: string): TypeError =>
  new TypeError(`${path} of a backend: ${JSON.stringify(value)}, expected ${expected}`)
