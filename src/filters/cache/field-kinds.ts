import { flat } from '../../http/flat.ts'
import { isOwnWord } from '../../http/owned-fields.ts'
import { withHyphens } from '../spellings.ts'

/** What a field of a request is to a cache, by its name. */
export const PLAIN = 0
/** A backend may take the request for another one than its method and target say. */
export const TURNING = 1
/** The gateway's word, or that of a hop that we trust, on who asks. */
export const OWN_WORD = 2
/** X-Forwarded-* beside the four that we write ourselves. */
export const FORWARDING = 3
/** Those of the four that say what the URL says too, unless they are of a trusted hop. */
export const FORWARDED_URL = 4
export const FORWARDED = 5
/** By it clients show who they are. */
export const SHOWN = 6
/** A condition, or Range. */
export const CONDITION = 7
/** Cache-Control, or Pragma. */
export const DIRECTIVE = 8
/** Says nothing of who asks, whatever else is asked with it. */
export const COMMON = 9

const turning = [
  'x-http-method',
  'x-http-method-override',
  'x-http-host-override',
  'x-method-override',
  'x-original-url',
  'x-original-uri',
  'x-original-host',
  'x-rewrite-url',
  'x-override-url',
  'x-host',
]

/** Beside what filters have found (RFC 9111 §3.5 knows Authorization alone). */
const shown = [
  'authorization',
  'proxy-authorization',
  'cookie',
  'client-cert',
  'x-api-key',
  'api-key',
  'apikey',
  'x-auth-token',
  'x-access-token',
  'private-token',
  'ocp-apim-subscription-key',
]

/** How something is wanted, and what is another with every request: Vary says where an answer is by one of them. */
const common = [
  'accept',
  'accept-charset',
  'accept-encoding',
  'accept-language',
  'b3',
  'dnt',
  'origin',
  'priority',
  'referer',
  'save-data',
  'traceparent',
  'tracestate',
  'uber-trace-id',
  'upgrade-insecure-requests',
  'user-agent',
  'via',
  'x-amzn-trace-id',
  'x-cloud-trace-context',
  'x-correlation-id',
  'x-request-id',
  'x-requested-with',
  // What the URL says too, in the words of an authorizer's question.
  'x-original-method',
  // Backends answer by the address only where they should not be cached at all.
  'x-forwarded-for',
  'x-real-ip',
]

const conditions = [
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'if-range',
  'range',
]

const named: ReadonlyMap<string, number> = new Map([
  ...turning.map(name => [name, TURNING] as const),
  ...shown.map(name => [name, SHOWN] as const),
  ...conditions.map(name => [name, CONDITION] as const),
  ...common.map(name => [name, COMMON] as const),
  ['cache-control', DIRECTIVE],
  ['pragma', DIRECTIVE],
  ['forwarded', FORWARDED],
  ['x-forwarded-proto', FORWARDED_URL],
  ['x-forwarded-host', FORWARDED_URL],
  ['x-forwarded-port', FORWARDED_URL],
])

/** Clients write names as they like: more of them are not remembered. */
const MOST_KNOWN = 2_048

/** By name as it came: looking it up costs a tenth of making it lower case. */
const known = new Map<string, number>()

export function kindOf(name: string): number {
  const before = known.get(name)
  if (before !== undefined) return before
  // Backends of CGI's kind read both.
  const plain = withHyphens(name)
  const kind = named.get(plain) ?? (isOwnWord(plain) ? OWN_WORD : prefixedOf(plain))
  if (known.size >= MOST_KNOWN) known.clear()
  known.set(flat(name), kind)
  return kind
}

function prefixedOf(name: string): number {
  if (name.startsWith('x-forwarded-')) return FORWARDING
  // Of browsers, how a page asks (Fetch Metadata, Client Hints), and of Zipkin, which call it is.
  return name.startsWith('sec-') || name.startsWith('x-b3-') ? COMMON : PLAIN
}
