import { Type } from 'typebox'
import {
  groupName,
  INT32,
  integer,
  kindName,
  list,
  localObjectReference,
  mapList,
  namespaceName,
  object,
  objectName,
  pattern,
  port,
  preciseHostname,
  set,
  text,
  type Shape,
} from './shapes.ts'

/** HTTPHeaderName: a token (RFC 9110 §5.6.2). */
export const headerName = pattern("^[A-Za-z0-9!#$%&'*+\\-.^_\\x60|~]+$", 'a header name', 256)

/**
 * The experimental channel's pattern, `^[!-~]+([\t ]?[!-~]+)*$`, takes exponential time in a backtracking
 * engine and refuses two blanks in a row, which the standard channel takes. This one is linear, takes
 * both, and still refuses what could split a message (CR, LF, NUL and other controls).
 */
export const headerValue = Type.String({
  pattern: '^[!-~](?:[\\t -~]*[!-~])?$',
  expected: 'visible ASCII characters, with blanks only between them',
  minLength: 1,
  maxLength: 4096,
  // May be a credential (Authorization): not to be quoted in messages.
  writeOnly: true,
})

const header = object({ name: headerName, value: headerValue })

export const headerModifier = object({
  set: Type.Optional(mapList(header, 'name', 0, 16)),
  add: Type.Optional(mapList(header, 'name', 0, 16)),
  remove: Type.Optional(set(Type.String(), 16)),
})

/** BackendObjectReference: group "" and kind Service where absent. */
const backendObjectFields = {
  group: Type.Optional(groupName),
  kind: Type.Optional(kindName),
  name: objectName,
  namespace: Type.Optional(namespaceName),
  port: Type.Optional(port),
}
export const backendObjectReference = object(backendObjectFields)

export const requestMirror = object({
  backendRef: backendObjectReference,
  percent: Type.Optional(integer(0, 100)),
  /** `denominator` is 100 where absent. */
  fraction: Type.Optional(
    object({ numerator: integer(0, INT32), denominator: Type.Optional(integer(1, INT32)) }),
  ),
})

const pathModifier = object({
  type: Type.Enum(['ReplaceFullPath', 'ReplacePrefixMatch']),
  replaceFullPath: Type.Optional(text(1024)),
  replacePrefixMatch: Type.Optional(text(1024)),
})

/** `statusCode` is 302 where absent. */
const requestRedirect = object({
  scheme: Type.Optional(Type.Enum(['http', 'https'])),
  hostname: Type.Optional(preciseHostname),
  path: Type.Optional(pathModifier),
  port: Type.Optional(port),
  statusCode: Type.Optional(Type.Enum([301, 302, 303, 307, 308])),
})

const urlRewrite = object({ hostname: Type.Optional(preciseHostname), path: Type.Optional(pathModifier) })

export const methods = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'CONNECT',
  'OPTIONS',
  'TRACE',
  'PATCH',
] as const

const origin = pattern(
  '(^\\*$)|(^(http(s)?):\\/\\/(((\\*\\.)?([a-zA-Z0-9\\-]+\\.)*[a-zA-Z0-9-]+|\\*)(:([0-9]{1,5}))?)$)',
  'an origin like "https://shop.example", "https://*.shop.example:8443", or "*"',
  253,
)

/** HTTPCORSFilter (GEP-1767); `maxAge` is 5 seconds where absent. */
const cors = object({
  allowOrigins: Type.Optional(set(origin, 64)),
  allowCredentials: Type.Optional(Type.Boolean()),
  allowMethods: Type.Optional(set(Type.Enum([...methods, '*']), 9)),
  allowHeaders: Type.Optional(set(headerName, 64)),
  exposeHeaders: Type.Optional(set(headerName, 64)),
  maxAge: Type.Optional(integer(1, INT32)),
})

/** HTTPExternalAuthFilter (GEP-1494), experimental. */
const externalAuth = object({
  protocol: Type.Enum(['HTTP', 'GRPC']),
  backendRef: backendObjectReference,
  grpc: Type.Optional(object({ allowedHeaders: Type.Optional(set(Type.String(), 64)) })),
  http: Type.Optional(
    object({
      path: Type.Optional(
        pattern("^(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|[%][0-9a-fA-F]{2})+$", 'a URL path', 1024, 0),
      ),
      allowedHeaders: Type.Optional(set(Type.String(), 64)),
      allowedResponseHeaders: Type.Optional(set(Type.String(), 64)),
    }),
  ),
  forwardBody: Type.Optional(object({ maxSize: Type.Optional(integer(0, 65535)) })),
})

/** Which field each `type` of a filter fills. */
export const filterFields = {
  RequestHeaderModifier: 'requestHeaderModifier',
  ResponseHeaderModifier: 'responseHeaderModifier',
  RequestMirror: 'requestMirror',
  RequestRedirect: 'requestRedirect',
  URLRewrite: 'urlRewrite',
  ExtensionRef: 'extensionRef',
  CORS: 'cors',
  ExternalAuth: 'externalAuth',
} as const

/**
 * HTTPRouteFilter. One object with a field per type, as the standard has it, and not a union of types:
 * that exactly the field of `type` is there is a rule (http-rules.ts), whose message can name it.
 */
export const httpFilter = object({
  type: Type.Enum([
    'RequestHeaderModifier',
    'ResponseHeaderModifier',
    'RequestMirror',
    'RequestRedirect',
    'URLRewrite',
    'ExtensionRef',
    'CORS',
    'ExternalAuth',
  ]),
  requestHeaderModifier: Type.Optional(headerModifier),
  responseHeaderModifier: Type.Optional(headerModifier),
  requestMirror: Type.Optional(requestMirror),
  requestRedirect: Type.Optional(requestRedirect),
  urlRewrite: Type.Optional(urlRewrite),
  extensionRef: Type.Optional(localObjectReference),
  cors: Type.Optional(cors),
  externalAuth: Type.Optional(externalAuth),
})

const filters = list(httpFilter, 0, 16)

/** BackendRef, of routes that know no filters; `weight` is 1 where absent. */
export const backendRef = object({ ...backendObjectFields, weight: Type.Optional(integer(0, 1_000_000)) })
export const httpBackendRef = object({ ...backendRef.properties, filters: Type.Optional(filters) })

export { filters as httpFilters }
export type HTTPFilter = Shape<typeof httpFilter>
export type HTTPBackendRef = Shape<typeof httpBackendRef>
export type BackendObjectReference = Shape<typeof backendObjectReference>
export type HeaderModifier = Shape<typeof headerModifier>
export type PathModifier = Shape<typeof pathModifier>
export type RequestRedirect = Shape<typeof requestRedirect>
export type RequestMirror = Shape<typeof requestMirror>
export type CORS = Shape<typeof cors>
