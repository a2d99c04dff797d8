import type { AskGrpc, AskHttp, ExternalAuthConfig } from '../../../filters/external-auth/config.ts'
import { canonicalPath, writtenPaths } from '../../../http/target.ts'
import { externalAuthDefaults } from '../../../model/defaults.ts'
import type { ExternalAuthPolicy, ExternalAuthPolicySpec } from '../../../model/kinds/external-auth-policy.ts'
import type { BackendObjectReference, ExternalAuth } from '../../../model/kinds/http-filters.ts'
import { durationMs, quantityBytes } from '../../../model/quantity.ts'
import type { Origin } from '../../../snapshot/origin.ts'
import { exceptionsOf } from '../../../translation/exceptions.ts'
import { originOf } from '../origin.ts'

const defaults = {
  answerBytes: externalAuthDefaults.answerBytes,
  timeoutMs: externalAuthDefaults.timeoutMs,
  whenUnavailable: externalAuthDefaults.whenUnavailable,
  except: [],
  cache: null,
} as const

/** By which one proves who one is; a policy's service is sent them always, the standard's filter's the first of them. */
const credentials = ['authorization', 'cookie']

/** A policy, asking this cluster. */
export function policySettings(policy: ExternalAuthPolicy, cluster: string): ExternalAuthConfig {
  const { spec } = policy.body
  const { protocol = externalAuthDefaults.protocol, backendRef, forwardBody, timeout, maxAnswerSize } = spec
  const { namespace } = policy.metadata
  const allowed = protocol === 'GRPC' ? spec.grpc?.allowedHeaders : spec.http?.allowedHeaders
  return {
    type: 'external-auth',
    origin: originOf(policy, ['spec']),
    cluster,
    ask: protocol === 'GRPC' ? askGrpc(backendRef, namespace) : askHttp(spec),
    sent: allowed === undefined ? null : lower([...credentials, ...allowed]),
    bodyBytes: forwardBody === undefined ? 0 : bytesOf(forwardBody.maxSize),
    answerBytes: maxAnswerSize === undefined ? defaults.answerBytes : bytesOf(maxAnswerSize),
    timeoutMs: timeout === undefined ? defaults.timeoutMs : msOf(timeout),
    whenUnavailable: spec.whenUnavailable ?? defaults.whenUnavailable,
    except: exceptionsOf(spec.except, namespace),
    cache:
      spec.cache === undefined
        ? null
        : {
            maxAgeMs: msOf(spec.cache.maxAge),
            entries: spec.cache.entries ?? externalAuthDefaults.cacheEntries,
          },
  }
}

function askHttp({ http = {}, forwardBody }: ExternalAuthPolicySpec): AskHttp {
  const { path, pathPrefix, method, hostname = '', allowedResponseHeaders = [] } = http
  return {
    protocol: 'http',
    target: path === undefined ? prefix(pathPrefix ?? '/') : { type: 'fixed', value: canonicalTarget(path) },
    method: method ?? (path === undefined ? '' : forwardBody === undefined ? 'GET' : 'POST'),
    authority: hostname,
    success: '2xx',
    brought: lower(allowedResponseHeaders),
  }
}

/**
 * The standard's filter (HTTPExternalAuthFilter, GEP-1494), asking this cluster: an empty list of request headers is
 * none but Authorization by HTTP, and all by gRPC; an empty list of headers of the answer is all.
 */
export function filterSettings(
  origin: Origin,
  filter: ExternalAuth,
  namespace: string,
  cluster: string,
): ExternalAuthConfig {
  const { protocol, backendRef, http = {}, grpc = {}, forwardBody } = filter
  const byGrpc = grpc.allowedHeaders ?? []
  return {
    ...defaults,
    type: 'external-auth',
    origin,
    cluster,
    ask: protocol === 'GRPC' ? askGrpc(backendRef, namespace) : askHttpAsStandard(http),
    sent:
      protocol === 'HTTP'
        ? lower(['authorization', ...(http.allowedHeaders ?? [])])
        : byGrpc.length === 0
          ? null
          : lower(byGrpc),
    bodyBytes: forwardBody?.maxSize ?? 0,
  }
}

function askHttpAsStandard(http: NonNullable<ExternalAuth['http']>): AskHttp {
  const { path = '', allowedResponseHeaders = [] } = http
  return {
    protocol: 'http',
    target: prefix(path.startsWith('/') ? path : `/${path}`),
    method: '',
    authority: '',
    success: '200',
    brought: allowedResponseHeaders.length === 0 ? null : lower(allowedResponseHeaders),
  }
}

/** No server of gRPC asks for more than a name. */
function askGrpc({ name, namespace }: BackendObjectReference, home: string): AskGrpc {
  return { protocol: 'grpc', authority: `${name}.${namespace ?? home}` }
}

function prefix(path: string): AskHttp['target'] {
  const canonical = canonicalTarget(path)
  return { type: 'prefix', value: canonical.endsWith('/') ? canonical.slice(0, -1) : canonical }
}

/** Rules of the kinds, and of translation, have seen to it that it is one. */
function canonicalTarget(target: string): string {
  const mark = target.indexOf('?')
  const end = mark < 0 ? target.length : mark
  const path = canonicalPath(target.slice(0, end), writtenPaths)
  return (typeof path === 'string' ? path : '/') + target.slice(end)
}

function lower(names: readonly string[]): string[] {
  return [...new Set(names.map(name => name.toLowerCase()))]
}

function bytesOf(quantity: number | string): number {
  return quantityBytes(quantity) ?? 0
}

function msOf(duration: string): number {
  return durationMs(duration) ?? 0
}
