import { Type } from 'typebox'
import { routeDefaults } from '../defaults.ts'
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
  optional,
  pattern,
  port,
  preciseHostname,
  required,
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
export const headerText = Type.String({
  pattern: '^[!-~](?:[\\t -~]*[!-~])?$',
  expected: 'visible ASCII characters, with blanks only between them',
  minLength: 1,
  maxLength: 4096,
  // May be a credential (Authorization): not to be quoted in messages.
  writeOnly: true,
})

const header = object(
  {
    name: required(headerName, 'The name of the header, in any case.'),
    value: required(headerText, 'The value of the header.'),
  },
  { title: 'HTTPHeader' },
)

export const headers = mapList(header, 'name', 0, 16)

export const headerModifier = object(
  {
    set: optional(
      mapList(header, 'name', 0, 16),
      'Headers that get this value, in place of any that they have.',
    ),
    add: optional(mapList(header, 'name', 0, 16), 'Headers that get this value beside those that they have.'),
    remove: optional(set(Type.String(), 16), 'Names of headers that are taken out, in any case.'),
  },
  { title: 'HTTPHeaderFilter' },
)

/** BackendObjectReference. */
const backendObjectFields = {
  group: optional(
    groupName,
    'The API group of the backend: portcullis.dev for a Backend or a Composition.',
    '',
  ),
  kind: optional(kindName, 'The kind of the backend: Service, Backend or Composition.', 'Service'),
  name: required(objectName, 'The name of the backend.'),
  namespace: optional(
    namespaceName,
    'The namespace of the backend; left out, that of the route. A ReferenceGrant must allow another one.',
  ),
  port: optional(
    port,
    'The port of the Service (not its targetPort). A Backend has its own, a Composition none.',
  ),
}
export const backendObjectReference = object(backendObjectFields, { title: 'BackendObjectReference' })

export const fraction = object(
  {
    numerator: required(integer(0, INT32), 'How many of `denominator`.'),
    denominator: optional(integer(1, INT32), 'Of how many.', routeDefaults.mirrorDenominator),
  },
  { title: 'Fraction' },
)

export const requestMirror = object(
  {
    backendRef: required(backendObjectReference, 'Who gets the copies; its answers are not looked at.'),
    percent: optional(
      integer(0, 100),
      'How many requests are copied, in percent; left out (and no `fraction`), all.',
    ),
    fraction: optional(
      fraction,
      'How many requests are copied, more finely than `percent` says it; only one of the two may be there.',
    ),
  },
  { title: 'HTTPRequestMirrorFilter' },
)

const pathModifier = object(
  {
    type: required(
      Type.Enum(['ReplaceFullPath', 'ReplacePrefixMatch']),
      'What is replaced: the whole path, or the prefix that the rule matches. The query stays.',
    ),
    replaceFullPath: optional(text(1024), 'The new path, for type ReplaceFullPath.'),
    replacePrefixMatch: optional(
      text(1024),
      'What stands for the matched prefix, for type ReplacePrefixMatch: with prefix /foo and /bar here, /foo/x becomes /bar/x.',
    ),
  },
  { title: 'HTTPPathModifier' },
)

const requestRedirect = object({
  scheme: optional(Type.Enum(['http', 'https']), 'The scheme of Location; left out, that of the request.'),
  hostname: optional(preciseHostname, 'The host name of Location; left out, that of the request.'),
  path: optional(pathModifier, 'The path of Location; left out, that of the request.'),
  port: optional(
    port,
    'The port of Location; left out, that of `scheme` where it is given (80, 443), else that of the listener.',
  ),
  statusCode: optional(
    Type.Enum([301, 302, 303, 307, 308]),
    'The status of the answer. 307 and 308 keep method and body; 301 and 308 are for ever.',
    routeDefaults.redirectStatus,
  ),
})

const urlRewrite = object({
  hostname: optional(preciseHostname, 'The Host that the backend is sent; left out, that of the request.'),
  path: optional(pathModifier, 'The path that the backend is sent; left out, that of the request.'),
})

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

/** HTTPCORSFilter (GEP-1767). */
const cors = object({
  allowOrigins: optional(
    set(origin, 64),
    'Origins whose scripts may read responses: exact ones, with *. for names below a domain, or * for all.',
  ),
  allowCredentials: optional(
    Type.Boolean(),
    'Whether scripts may send cookies and Authorization (Access-Control-Allow-Credentials).',
    false,
  ),
  allowMethods: optional(
    set(Type.Enum([...methods, '*']), 9),
    'Methods that scripts may use beside GET, HEAD and POST; * for all.',
  ),
  allowHeaders: optional(set(headerName, 64), 'Request headers that scripts may set; * for all.'),
  exposeHeaders: optional(
    set(headerName, 64),
    'Response headers that scripts may read beside the harmless ones; * for all.',
  ),
  maxAge: optional(
    integer(1, INT32),
    'Seconds for which browsers may keep the answer to a preflight.',
    routeDefaults.corsMaxAgeSeconds,
  ),
})

/** HTTPExternalAuthFilter (GEP-1494), experimental. */
export const externalAuth = object({
  protocol: required(Type.Enum(['HTTP', 'GRPC']), 'How the service is asked; GRPC is the protocol of Envoy.'),
  backendRef: required(backendObjectReference, 'The service that is asked.'),
  grpc: optional(
    object({
      allowedHeaders: optional(
        set(Type.String(), 64),
        'Request headers that the service is sent; left out, all.',
      ),
    }),
    'For protocol GRPC.',
  ),
  http: optional(
    object({
      path: optional(
        pattern("^(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|[%][0-9a-fA-F]{2})+$", 'a URL path', 1024, 0),
        'A prefix that is put before the path of the request when the service is asked.',
      ),
      allowedHeaders: optional(
        set(Type.String(), 64),
        'Request headers that the service is sent, beside Host, Method, Path, Content-Length and Authorization, and what the gateway says of the client. Cookie must be named.',
      ),
      allowedResponseHeaders: optional(
        set(Type.String(), 64),
        "Headers of the service's answer that the request gets; left out, all but those that speak of the answer itself (Content-Type, Date …), and Host. What a client sends under names that are listed is always removed.",
      ),
    }),
    'For protocol HTTP: 200 lets the request pass; another 2xx is 403, a 3xx or 4xx the answer as it is, a 5xx 503.',
  ),
  forwardBody: optional(
    object({
      maxSize: optional(
        integer(0, 65535),
        'Most bytes of the body: a request with more is answered 413, since what was not seen would pass. 0: it is sent none.',
      ),
    }),
    'The service is sent the body of the request, too.',
  ),
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
export const httpFilter = object(
  {
    type: required(
      Type.Enum([
        'RequestHeaderModifier',
        'ResponseHeaderModifier',
        'RequestMirror',
        'RequestRedirect',
        'URLRewrite',
        'ExtensionRef',
        'CORS',
        'ExternalAuth',
      ]),
      'What the filter does; the field of the same name says how.',
    ),
    requestHeaderModifier: optional(headerModifier, 'Changes headers of requests.'),
    responseHeaderModifier: optional(headerModifier, 'Changes headers of responses.'),
    requestMirror: optional(requestMirror, 'Sends a copy of requests to another backend. On a rule only.'),
    requestRedirect: optional(
      requestRedirect,
      'Answers with a redirect. On a rule without backendRefs only.',
    ),
    urlRewrite: optional(urlRewrite, 'Changes Host and path of what the backend is sent.'),
    extensionRef: optional(
      localObjectReference,
      'A filter of your own: group portcullis.dev, kind Filter. On a rule only. Of any other kind requests are answered 500.',
    ),
    cors: optional(cors, 'Lets scripts of other origins read responses, and answers preflights.'),
    externalAuth: optional(
      externalAuth,
      'Asks a service whether a request may pass. Where that cannot be asked, requests are answered 503.',
    ),
  },
  { title: 'HTTPRouteFilter' },
)

const filters = list(httpFilter, 0, 16)

/** Of routes that know no filters. */
export const backendRef = object(
  {
    ...backendObjectFields,
    weight: optional(
      integer(0, 1_000_000),
      'Its share, beside the weights of the other backends of the rule. 0: nothing is sent to it.',
      routeDefaults.backendWeight,
    ),
  },
  { title: 'BackendRef' },
)
export const httpBackendRef = object(
  {
    ...backendRef.properties,
    filters: optional(filters, 'What is done with requests that this backend gets, and with its responses.'),
  },
  { title: 'HTTPBackendRef' },
)

export { filters as httpFilters }
export type HTTPFilter = Shape<typeof httpFilter>
export type HTTPBackendRef = Shape<typeof httpBackendRef>
export type BackendObjectReference = Shape<typeof backendObjectReference>
export type HeaderModifier = Shape<typeof headerModifier>
export type PathModifier = Shape<typeof pathModifier>
export type RequestRedirect = Shape<typeof requestRedirect>
export type RequestMirror = Shape<typeof requestMirror>
export type CORS = Shape<typeof cors>
export type ExternalAuth = Shape<typeof externalAuth>
