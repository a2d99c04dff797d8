import type { IncomingMessage } from 'node:http'

/** For whom somebody asks, or what was asked of a proxy: no program of this machine says so of itself. */
const FIELDS = [
  /^(via|forwarded|cdn-loop)$/,
  /^x-(real|client|cluster-client|original|remote|proxyuser)-(ip|addr|host|uri|url|forwarded-for)$/,
  /^x-(forwarded|envoy|amzn|appengine|azure|arr|original)(-.*)?$/,
  /^(true-client|fastly-client|fly-client|cf-connecting|incap-client|wl-proxy-client|proxy-client)-ip(v6)?$/,
]

/**
 * What shows that a proxy has sent this request, so that it is not of this machine wherever it comes from; null where
 * nothing does. Not every proxy adds a field, but those that are written for one request a connection say so in HTTP/1.1
 * (nginx with proxy_http_version 1.1, http-proxy of Node), which programs that are asked by hand do not.
 */
export function proxySign({ headers }: IncomingMessage): string | null {
  // Some servers take one for the other, and so do those who write their configuration.
  const field = Object.keys(headers).find(name => FIELDS.some(one => one.test(name.replaceAll('_', '-'))))
  if (field !== undefined) return field
  const options = (headers.connection ?? '').toLowerCase().split(',')
  return options.some(option => option.trim() === 'close') ? 'Connection: close' : null
}
