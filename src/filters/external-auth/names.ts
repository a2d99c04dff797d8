import { isOwn } from '../../http/owned-fields.ts'

/** What the codec or the gateway writes, and what says where a request goes: no answer may bring these. Set-Cookie goes to the client. */
export function isUnbringable(name: string): boolean {
  const lower = name.toLowerCase()
  return lower === ':authority' || lower === 'set-cookie' || isOwn(lower)
}

/** Fields that speak of an answer itself. In a request they would be of another message: a Content-Type of another body. */
export const ofTheAnswer: ReadonlySet<string> = new Set([
  'accept-ranges',
  'age',
  'allow',
  'alt-svc',
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-location',
  'content-range',
  'content-security-policy',
  'content-type',
  'date',
  'etag',
  'expires',
  'last-modified',
  'link',
  'location',
  'pragma',
  'proxy-authenticate',
  'retry-after',
  'server',
  'server-timing',
  'strict-transport-security',
  'traceparent',
  'tracestate',
  'vary',
  'warning',
  'www-authenticate',
  'x-content-type-options',
  'x-frame-options',
  'x-powered-by',
])

/** By what a client says who it is: whatever a policy chooses, a decision about one of them is about no other. */
export const credentials: readonly string[] = [
  'authorization',
  'proxy-authorization',
  'cookie',
  'client-cert',
  'client-cert-chain',
  'x-forwarded-client-cert',
]
