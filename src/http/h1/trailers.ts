import { isOwnWord } from '../owned-fields.ts'

/**
 * Whether a trailer field, named in lower case, may be passed on (RFC 9110
 * §6.5.1). Not what frames the message, routes it, authenticates, says how to
 * read the content or controls caches: someone behind us may merge trailers
 * into the header section, after every check of ours has been made without
 * them. And no name with "_", which may turn out to be one of those, unless
 * `underscores` are for those behind us to know; never one that reads as one of
 * those with "-".
 */
export function trailerAllowed(lower: string, underscores = false): boolean {
  const name = underscores ? lower.replaceAll('_', '-') : lower
  if (refused.has(name) || name.includes('_') || isOwnWord(name)) return false
  return !refusedPrefixes.some(prefix => name.startsWith(prefix))
}

const refusedPrefixes = [
  'content-',
  'proxy-',
  'if-',
  'accept',
  'access-control-',
  'sec-',
  'x-forwarded-',
  'x-original-',
  'x-rewrite-',
  'x-envoy-',
  'x-http-method',
  'cf-',
]

const refused = new Set(
  `
  host transfer-encoding te trailer connection keep-alive upgrade expect max-forwards http2-settings
  authorization www-authenticate authentication-info cookie cookie2 set-cookie set-cookie2 origin
  x-api-key signature signature-input forwarded via x-real-ip x-client-ip true-client-ip x-request-id
  x-method-override traceparent tracestate baggage location referer user-agent from alt-svc age
  cache-control date expires pragma range retry-after vary warning allow link refresh
  strict-transport-security clear-site-data
  `
    .trim()
    .split(/\s+/),
)
