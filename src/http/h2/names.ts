import { staticIndex } from './static-table.ts'

/** How a field of this name is compressed. */
export const INDEX = 0
/** Values that hardly come twice: entries for them would only push out others. */
const PLAIN = 1
/**
 * Secrets: never in a table, here or further on (RFC 7541 §7.1). Who shares a
 * connection with another's secret could guess at it and see by the sizes when
 * the guess was right.
 */
export const NEVER = 2
/** Connection-specific: must not be sent (RFC 9113 §8.2.2). */
export const DROP = 3

/** What the encoder knows of a name, whatever its case. */
export interface NameInfo {
  readonly lower: string
  /** Its first index in the static table, or 0. */
  readonly index: number
  readonly policy: number
  /** Small number of its own, or -1 beyond the first names a process has met. */
  readonly id: number
}

const policies: Readonly<Record<number, readonly string[]>> = {
  [PLAIN]: [
    ':path',
    'age',
    'content-range',
    'etag',
    'expires',
    'if-match',
    'if-modified-since',
    'if-none-match',
    'if-range',
    'if-unmodified-since',
    'last-modified',
    'location',
    'range',
    'referer',
    'x-request-id',
    'traceparent',
    'tracestate',
    'x-forwarded-for',
    'forwarded',
    'sec-websocket-key',
    'sec-websocket-accept',
    'idempotency-key',
    'grpc-timeout',
  ],
  [NEVER]: [
    'authorization',
    'proxy-authorization',
    'cookie',
    'set-cookie',
    'x-api-key',
    'x-auth-token',
    'x-csrf-token',
  ],
  [DROP]: [
    'connection',
    'keep-alive',
    'proxy-connection',
    'transfer-encoding',
    'upgrade',
    'http2-settings',
    'host',
  ],
}

const policyOf = new Map<string, number>()
for (const [policy, names] of Object.entries(policies))
  for (const name of names) policyOf.set(name, Number(policy))

/** A bound, because names come from outside: upstreams can invent them. */
const MAX_NAMES = 512
const known = new Map<string, NameInfo>()

/** What a name, in any case, is to the encoder. */
export function nameInfo(name: string): NameInfo {
  return known.get(name) ?? learn(name)
}

function learn(name: string): NameInfo {
  const kept = known.size < MAX_NAMES
  // The name may be a slice that keeps a whole head in memory: a copy does not.
  const key = kept ? Buffer.from(name, 'latin1').toString('latin1') : name
  const lower = key.toLowerCase()
  const same = known.get(lower)
  const info = same ?? {
    lower,
    index: staticIndex(lower),
    policy: policyOf.get(lower) ?? INDEX,
    id: kept ? known.size : -1,
  }
  if (kept) known.set(key, info)
  if (kept && same === undefined) known.set(lower, info)
  return info
}
