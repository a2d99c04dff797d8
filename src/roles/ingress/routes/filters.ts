import type { CorsConfig } from '../../../filters/cors.ts'
import type { ExtensionConfig } from '../../../filters/extension/config.ts'
import type { HeaderModifierConfig } from '../../../filters/header-modifier.ts'
import type { UrlRewriteConfig } from '../../../filters/url-rewrite.ts'
import { ownedFields } from '../../../http/owned-fields.ts'
import { canonicalPath, parseAuthority, writtenPaths } from '../../../http/target.ts'
import { unbroughtReason } from '../../../model/kinds/external-auth-policy.ts'
import { routeDefaults } from '../../../model/defaults.ts'
import type {
  CORS,
  ExternalAuth,
  HTTPFilter,
  HeaderModifier,
  PathModifier,
  RequestRedirect,
} from '../../../model/kinds/http-filters.ts'
import type { FieldPath, Resource } from '../../../model/resource.ts'
import type { FilterConfig, Match, PathRewrite, Redirect } from '../../../snapshot/rule.ts'
import type { Flaw } from '../../../translation/report.ts'
import type { Extensions } from './extensions.ts'
import { withoutSlash } from './matches.ts'
import { originOf } from '../origin.ts'
import { filterSettings } from '../external-auth/settings.ts'
import type { Follow } from '../backends/backend-refs.ts'

/** What a list of filters comes to. RequestMirror is not among it: it names a backend, and backendrefs.ts resolves those. */
export interface Filters {
  readonly filters: readonly FilterConfig[]
  readonly redirect: Redirect | null
  /** Why the rule is not to be served. */
  readonly flaws: readonly Flaw[]
  /** Filters that cannot be had, or whom they would ask. They must not be skipped, so what they would have seen is answered 500. */
  readonly missing: readonly Flaw[]
  /** Filters that let nothing pass, and say so to each request. */
  readonly lost: readonly Flaw[]
}

interface Work {
  readonly resource: Resource
  /** Of the rule. */
  readonly matches: readonly Match[]
  readonly filters: FilterConfig[]
  readonly flaws: Flaw[]
  readonly missing: Flaw[]
  readonly lost: Flaw[]
  readonly follow: Follow
  readonly extensions: Extensions
  redirect: Redirect | null
}

/** What is asked of where references lead. */
export interface References {
  readonly follow: Follow
  readonly extensions: Extensions
}

/** `place` is where the list stands: some filters cannot work on one of several backends. */
export function filtersOf(
  resource: Resource,
  list: readonly HTTPFilter[],
  path: FieldPath,
  matches: readonly Match[],
  place: 'rule' | 'backend',
  { follow, extensions }: References,
): Filters {
  const work: Work = {
    resource,
    matches,
    filters: [],
    flaws: combinationFlaws(list, path),
    missing: [],
    lost: [],
    follow,
    extensions,
    redirect: null,
  }
  for (const [i, filter] of list.entries()) {
    const at = [...path, i]
    if (place === 'backend' && (filter.type === 'RequestRedirect' || filter.type === 'RequestMirror'))
      work.flaws.push({
        reason: 'UnsupportedValue',
        path: at,
        message: `${filter.type} is served on rules only, not on a backendRef`,
      })
    else if (place === 'backend' && filter.type === 'ExtensionRef') work.missing.push(onBackend(at))
    else addFilter(work, filter, at)
  }
  return work
}

/** What is stored of the rule's answers would not pass it again. */
const onBackend = (path: FieldPath): Flaw => ({
  reason: 'UnsupportedValue',
  path,
  message: `ExtensionRef is served on rules only, not on a backendRef; what is for that is answered 500`,
})

const REPEATABLE = ['RequestMirror', 'ExtensionRef', 'ExternalAuth']

function combinationFlaws(list: readonly HTTPFilter[], path: FieldPath): Flaw[] {
  const flaws: Flaw[] = []
  const types = list.map(filter => filter.type)
  const redirect = types.indexOf('RequestRedirect')
  for (const [i, type] of types.entries()) {
    const incompatible = (message: string): number =>
      flaws.push({ reason: 'IncompatibleFilters', path: [...path, i], message })
    if (redirect >= 0 && (type === 'URLRewrite' || type === 'RequestMirror'))
      incompatible(`${type} cannot be combined with RequestRedirect: a redirected request is not forwarded`)
    if (!REPEATABLE.includes(type) && types.indexOf(type) < i)
      incompatible(`${type} is given twice, expected once`)
  }
  return flaws
}

function addFilter(work: Work, filter: HTTPFilter, path: FieldPath): void {
  const { type, requestHeaderModifier, responseHeaderModifier, urlRewrite, requestRedirect, cors } = filter
  if (type === 'ExternalAuth' && filter.externalAuth) return addExternalAuth(work, filter.externalAuth, path)
  if (type === 'RequestHeaderModifier' && requestHeaderModifier)
    return addModifier(work, 'request-headers', requestHeaderModifier, [...path, 'requestHeaderModifier'])
  if (type === 'ResponseHeaderModifier' && responseHeaderModifier)
    return addModifier(work, 'response-headers', responseHeaderModifier, [...path, 'responseHeaderModifier'])
  if (type === 'CORS' && cors) return void work.filters.push(corsConfig(work, cors, path))
  if (type === 'URLRewrite' && urlRewrite) {
    const rewrite = pathRewrite(work, urlRewrite.path, [...path, 'urlRewrite', 'path'])
    const config: UrlRewriteConfig = {
      type: 'url-rewrite',
      origin: originOf(work.resource, path),
      hostname: urlRewrite.hostname ?? null,
      path: rewrite,
    }
    return void work.filters.push(config)
  }
  if (type === 'RequestRedirect' && requestRedirect) {
    work.redirect ??= redirectAction(work, requestRedirect, [...path, 'requestRedirect'])
    return
  }
  if (type === 'ExtensionRef') addExtension(work, filter, path)
}

function addExternalAuth(work: Work, auth: ExternalAuth, path: FieldPath): void {
  const at = [...path, 'externalAuth']
  const prefix = auth.http?.path
  if (prefix !== undefined) writtenPath(work, prefix, [...at, 'http', 'path'])
  for (const [i, name] of (auth.http?.allowedResponseHeaders ?? []).entries()) {
    // Given to the client in any case: who names it, as the standard allows, loses nothing.
    const message = name.toLowerCase() === 'set-cookie' ? null : unbroughtReason(name)
    const field = [...at, 'http', 'allowedResponseHeaders', i]
    if (message !== null) work.flaws.push({ reason: 'UnsupportedValue', path: field, message })
  }
  const use = auth.protocol === 'GRPC' ? 'grpc' : 'http'
  const cluster = work.follow(auth.backendRef, [...at, 'backendRef'], use)
  if (typeof cluster !== 'string') {
    const message = `${cluster.message}; its requests are answered 500 (protection_missing), for it cannot be asked`
    return void work.missing.push({ ...cluster, message })
  }
  const { namespace } = work.resource.metadata
  work.filters.push(filterSettings(originOf(work.resource, path), auth, namespace, cluster))
}

/** A filter of the user's own; those of the standard that stand before it in the list run before it. */
function addExtension(work: Work, { extensionRef }: HTTPFilter, path: FieldPath): void {
  const at = [...path, 'extensionRef']
  const extension = work.extensions.resolve(extensionRef, work.resource.metadata.namespace, at)
  if ('path' in extension) return void work.missing.push(extension)
  const { config, flaw } = extension
  if (flaw !== null) work.lost.push({ ...flaw, path: at })
  for (const [i, before] of work.filters.entries()) work.filters[i] = { ...before, ahead: true }
  const own: ExtensionConfig = { type: 'extension', origin: originOf(work.resource, path), ...config }
  work.filters.push(own)
}

function addModifier(
  work: Work,
  type: HeaderModifierConfig['type'],
  modifier: HeaderModifier,
  path: FieldPath,
): void {
  const { set = [], add = [], remove = [] } = modifier
  const seen = new Map<string, string>()
  const check = (list: 'set' | 'add' | 'remove', name: string, i: number): boolean => {
    const lower = name.toLowerCase()
    const other = seen.get(lower)
    const at = list === 'remove' ? [...path, list, i] : [...path, list, i, 'name']
    if (isRefused(type, list, lower))
      work.flaws.push({
        reason: 'UnsupportedValue',
        path: at,
        message: `${name} belongs to the connection and cannot be changed here`,
      })
    if (other !== undefined && other !== list)
      work.flaws.push({
        reason: 'UnsupportedValue',
        path: at,
        message: `${name} is also in ${other}, expected one action for each header`,
      })
    seen.set(lower, other ?? list)
    // "Subsequent entries with an equivalent header name MUST be ignored" (HTTPHeader.name).
    return other === undefined
  }
  // A blank in it would end the request's line or head elsewhere; as a header value it is allowed.
  for (const [i, { name, value }] of set.entries())
    if (name.toLowerCase() === 'host' && parseAuthority(value) === null)
      work.flaws.push({
        reason: 'UnsupportedValue',
        path: [...path, 'set', i, 'value'],
        message: 'no request can have this Host: expected a host name or an address, and perhaps a port',
      })
  const config: HeaderModifierConfig = {
    type,
    origin: originOf(work.resource, path.slice(0, -1)),
    set: set.filter(({ name }, i) => check('set', name, i)).map(({ name, value }) => ({ name, value })),
    add: add.filter(({ name }, i) => check('add', name, i)).map(({ name, value }) => ({ name, value })),
    remove: remove.filter((name, i) => check('remove', name, i)).map(name => name.toLowerCase()),
  }
  work.filters.push(config)
}

/** Setting Host is how a request is given to a virtual host; adding a second one or leaving none is no HTTP. */
function isRefused(
  type: HeaderModifierConfig['type'],
  list: 'set' | 'add' | 'remove',
  lower: string,
): boolean {
  return ownedFields.has(lower) && !(lower === 'host' && list === 'set' && type === 'request-headers')
}

function corsConfig(work: Work, cors: CORS, path: FieldPath): CorsConfig {
  return {
    type: 'cors',
    origin: originOf(work.resource, path),
    allowOrigins: [...(cors.allowOrigins ?? [])],
    allowCredentials: cors.allowCredentials ?? false,
    allowMethods: [...(cors.allowMethods ?? [])],
    allowHeaders: [...(cors.allowHeaders ?? [])],
    exposeHeaders: [...(cors.exposeHeaders ?? [])],
    maxAgeSeconds: cors.maxAge ?? routeDefaults.corsMaxAgeSeconds,
  }
}

function redirectAction(work: Work, redirect: RequestRedirect, path: FieldPath): Redirect {
  return {
    type: 'redirect',
    scheme: redirect.scheme ?? null,
    hostname: redirect.hostname ?? null,
    path: pathRewrite(work, redirect.path, [...path, 'path']),
    port: redirect.port ?? null,
    status: redirect.statusCode ?? routeDefaults.redirectStatus,
  }
}

function pathRewrite(work: Work, modifier: PathModifier | undefined, path: FieldPath): PathRewrite | null {
  if (modifier === undefined) return null
  if (modifier.type === 'ReplaceFullPath')
    return {
      type: 'full',
      value: writtenPath(work, modifier.replaceFullPath ?? '/', [...path, 'replaceFullPath']),
    }
  const prefix = onlyPrefix(work.matches)
  if (prefix === null) {
    const message =
      'needs one PathPrefix that every match of the rule has, so that it is known what to replace'
    work.flaws.push({ reason: 'UnsupportedValue', path: [...path, 'replacePrefixMatch'], message })
  }
  const value = writtenPath(work, modifier.replacePrefixMatch ?? '', [...path, 'replacePrefixMatch'])
  return { type: 'prefix', prefix: prefix ?? '', value: withoutSlash(value) }
}

/**
 * A path that is to be written on the wire, in the form that those of requests
 * have. A blank or a line break in it would end the request line, and let the
 * author of a route send requests of his own to a backend that others share.
 */
function writtenPath(work: Work, value: string, path: FieldPath): string {
  if (value === '') return value
  const canonical = canonicalPath(value.startsWith('/') ? value : `/${value}`, writtenPaths)
  if (typeof canonical === 'string') return canonical
  work.flaws.push({
    reason: 'UnsupportedValue',
    path,
    message: `no request can have this path: ${canonical.detail}`,
  })
  return value
}

function onlyPrefix(matches: readonly Match[]): string | null {
  const first = matches[0]?.path
  if (first?.type !== 'prefix') return null
  return matches.every(({ path }) => path.type === 'prefix' && path.value === first.value)
    ? first.value
    : null
}
