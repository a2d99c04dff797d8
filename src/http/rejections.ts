import { Rejection } from './failures.ts'

/**
 * Every rule by which the codec refuses a message (HTTP1.md): the status that
 * a request is answered with, the detail for its sender, and the field of
 * ClientPolicy that moves the rule, where there is one.
 */
interface Rule {
  readonly status: number
  readonly detail: string
  readonly policy?: string
}

const table = {
  // Rules 1 and 2: lines.
  'line-ending': {
    status: 400,
    detail: 'A line does not end with CRLF, or has a bare CR or LF, or a control character in its place',
  },
  'leading-line': {
    status: 400,
    detail: 'More than one empty line, or white space, stands before the first line',
  },
  'request-line': {
    status: 400,
    detail: 'The request line is not "method target HTTP/1.1" with single spaces',
  },
  'request-line-size': {
    status: 414,
    detail: 'The request line is too long',
    policy: 'spec.limits.requestLineBytes',
  },
  'http-version': { status: 505, detail: 'Only HTTP/1.0 and HTTP/1.1 are spoken here' },
  'method-unknown': {
    status: 501,
    detail: 'The method has more than 32 characters, or differs from a registered one only in case',
  },
  'method-connect': { status: 501, detail: 'CONNECT is not served here' },
  'status-line': { status: 400, detail: 'The status line is not "HTTP/1.1 status reason"' },

  // Rule 3: target and Host.
  'target-form': {
    status: 400,
    detail: 'The target is neither a path, nor an http or https URI, nor "*" with OPTIONS',
  },
  'target-scheme': { status: 400, detail: 'The scheme of the target is not the one of this connection' },
  'target-authority': {
    status: 400,
    detail: 'The authority of the target is not a valid host and port, or has userinfo',
  },
  'target-character': { status: 400, detail: 'The target has a character that must be percent-encoded' },
  'target-bare': {
    status: 400,
    detail: 'The target has a character that must be percent-encoded, be it a lone "%" in its query',
    policy: 'spec.paths.illegal',
  },
  'target-fragment': { status: 400, detail: 'The target has a fragment' },
  'target-encoding': {
    status: 400,
    detail: 'The target has a "%" that two hexadecimal digits do not follow',
  },
  'target-nul': { status: 400, detail: 'The target has an encoded NUL' },
  'path-backslash': { status: 400, detail: 'The path has a backslash' },
  'path-encoded-slash': {
    status: 400,
    detail: 'The path has an encoded slash',
    policy: 'spec.paths.encodedSlash',
  },
  'path-encoded-backslash': {
    status: 400,
    detail: 'The path has an encoded backslash',
    policy: 'spec.paths.encodedSlash',
  },
  'path-encoded-dots': {
    status: 400,
    detail: 'The path has a dot segment beside an encoded slash or backslash',
  },
  'path-dot-parameters': { status: 400, detail: 'The path has a dot segment with parameters' },
  'host-missing': { status: 400, detail: 'Host is missing' },
  'host-repeated': { status: 400, detail: 'Host is repeated' },
  'host-invalid': { status: 400, detail: 'Host is not a valid host and port' },

  // Rule 4: fields.
  'field-name': {
    status: 400,
    detail: 'A field name is empty or not a token, or white space stands before the colon',
  },
  'field-folded': { status: 400, detail: 'A line begins with white space' },
  'field-value': { status: 400, detail: 'A field value has a control character' },
  'field-underscore': {
    status: 400,
    detail: 'A field name has an underscore',
    policy: 'spec.headers.underscores',
  },
  'field-underscore-alias': {
    status: 400,
    detail: 'A field name with an underscore reads like one that the gateway owns',
  },
  'field-repeated': { status: 400, detail: 'A field that may occur once is repeated' },

  // Rules 5 and 6: framing.
  'framing-conflict': { status: 400, detail: 'Transfer-Encoding and Content-Length are both present' },
  'transfer-encoding': {
    status: 400,
    detail: 'Transfer-Encoding is not a single "chunked", or has a tab beside it',
  },
  'transfer-encoding-version': { status: 400, detail: 'Transfer-Encoding is not part of HTTP/1.0' },
  'transfer-coding': { status: 501, detail: 'Only the transfer coding "chunked" is known here' },
  'content-length': {
    status: 400,
    detail: 'Content-Length is not a decimal number up to 9007199254740991, or has a tab beside it',
  },
  'content-length-repeated': { status: 400, detail: 'Content-Length is repeated' },

  // Rules 7 and 8: chunks and trailers.
  'chunk-size': { status: 400, detail: 'A chunk size is not 1 to 13 hexadecimal digits' },
  'chunk-extension': { status: 400, detail: 'A chunk extension is malformed' },
  'chunk-extension-size': { status: 400, detail: 'Chunk extensions are too long' },
  'chunk-ending': { status: 400, detail: 'A chunk or its size does not end with CRLF' },

  // Rules 9 and 10: connection management.
  'connection-option': { status: 400, detail: 'Connection is not a list of tokens, or has too many' },
  'connection-protected': { status: 400, detail: 'Connection names a field that is not hop-by-hop' },
  'trailer-names': { status: 400, detail: 'Trailer is not a list of field names' },
  'upgrade-protocol': {
    status: 400,
    detail: 'Upgrade is not a list of protocols, or is missing where protocols are switched',
  },
  expectation: { status: 417, detail: 'Only the expectation "100-continue" is known here' },

  // gRPC, and gRPC-Web in base64.
  'grpc-timeout': {
    status: 400,
    detail: 'grpc-timeout is not one to eight digits and one of H, M, S, m, u, n',
  },
  'grpc-web-text': { status: 400, detail: 'The body is not base64' },

  // Rule 12: limits.
  'field-size': { status: 431, detail: 'A field is too long', policy: 'spec.limits.fieldBytes' },
  'field-count': { status: 431, detail: 'There are too many fields', policy: 'spec.limits.fields' },
  'head-size': { status: 431, detail: 'The head is too long', policy: 'spec.limits.headBytes' },
  'trailer-size': { status: 431, detail: 'The trailers are too long or too many' },
} as const satisfies Record<string, Rule>

export type RuleName = keyof typeof table

function isRule(name: string): name is RuleName {
  return Object.hasOwn(table, name)
}

/** The fixed set of rule names that access log and metrics can meet. */
export const rules: readonly RuleName[] = Object.keys(table).filter(isRule)

/** A request that breaks the rule. Preallocated: refusing must cost less than accepting. */
export const refusals = build(
  (rule, name) =>
    new Rejection(
      rule.status,
      name,
      rule.policy ? `${rule.detail} (ClientPolicy ${rule.policy})` : rule.detail,
    ),
)

/** A response that breaks the rule: 502, but 431 stays, so that one that is too large can be told from one that is wrong. */
export const upstreamRefusals = build(
  (rule, name) => new Rejection(rule.status === 431 ? 431 : 502, name, `In the response: ${rule.detail}`),
)

function build(make: (rule: Rule, name: RuleName) => Rejection): Readonly<Record<RuleName, Rejection>> {
  const made: Partial<Record<RuleName, Rejection>> = {}
  for (const name of rules) made[name] = make(table[name], name)
  return Object.freeze(made) as Readonly<Record<RuleName, Rejection>>
}
