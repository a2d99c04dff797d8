/** What an annotation of another controller asks for, as far as it matters to who serves without it. */
export interface ForeignAnnotation {
  /** Whose it is, for people. */
  readonly controller: string
  /** What says the same here, where it may protect; "" where nothing does. Null: it only tunes. */
  readonly instead: string | null
  readonly scope: AnnotationScope
}

/** What it is for beside the object that it stands on: nothing, all Ingresses of the same hosts, or of the same load balancer of AWS. */
export type AnnotationScope = 'object' | 'host' | 'group'

/** Whether it may protect, and what to write in its place; the first that fits counts. */
type Row = readonly [pattern: RegExp, instead: string, only?: RegExp, scope?: AnnotationScope]

interface Controller {
  readonly name: string
  readonly prefixes: readonly string[]
  readonly protecting: readonly Row[]
  /** What does not protect is nobody's business: others have the prefix too. */
  readonly shared?: true
}

const AUTH = 'an ExternalAuthPolicy'
const BASIC = 'basicAuth of a TrafficPolicy'
const ADDRESSES = 'addresses of a TrafficPolicy'
const LIMITS = 'rateLimits of a TrafficPolicy'
const CLIENTS = 'tls.frontend of a Gateway'
const BACKEND_TLS = 'a BackendTLSPolicy'
const MATCHES = 'matches of an HTTPRoute'
const LISTENERS = 'listeners of a Gateway'
const IDENTITY = 'an ExternalAuthPolicy or an AuthenticationPolicy'
const NOTHING = ''

/** Values that switch something on; all others leave it as it was without the annotation. */
const ON = /^(true|on|yes|1|detect|deny)$/i
const ANY = /^/
const SECURE = /^(https|grpcs|wss|tls|h2-ssl|h1-ssl|true)$/i
/** A list of protocols that all have TLS. */
const ALL_SECURE = /^(https|grpcs|wss|tls|tls_passthrough)(\s*,\s*(https|grpcs|wss|tls|tls_passthrough))*$/i
/** Entry points of Traefik among which is one that is not for everybody. */
const FEW = /^(?!(web|websecure|http|https)(\s*,\s*(web|websecure|http|https))*$)/
const SWITCHED_ON = /^(?!(false|off|no|0|)$)/i

/** What ingress-nginx has made common. */
const common: readonly Row[] = [
  // A certificate is asked for before there is a path.
  [/^auth-tls-/, CLIENTS, ANY, 'host'],
  [/^(auth-(type|secret|secret-type|realm))$/, BASIC],
  [/^(auth|oauth|oauth2)(-|$)/, AUTH],
  [/^(global-rate-limit|limit|rate-limit)(-|$)/, LIMITS],
  [/^(white|allow|deny|black|block)-?list(-source-range)?$/, ADDRESSES],
  [/^(enable-modsecurity|enable-owasp-core-rules|waf)$/, NOTHING, SWITCHED_ON],
  [/^(modsecurity-|waf-)/, NOTHING],
  // Whatever may be written there: `deny all`, or who may pass.
  [/^server-snippet/, NOTHING, ANY, 'host'],
  [/snippet/, NOTHING],
  [/^(proxy-ssl-|secure-)/, BACKEND_TLS, /^(?!(off|false)$)/i],
  [/^backend-protocol$/, BACKEND_TLS, SECURE],
  [/^satisfy$/, NOTHING],
]

/** Names that mean one thing whoever has them: there are more controllers than are known here. */
const anyones: readonly Row[] = [
  [/^auth-tls-/, CLIENTS, ANY, 'host'],
  [/^(basic-)?auth([-_.](type|secret|realm|user|basic)|$)/, BASIC],
  [/^(auth|oauth2?|oidc|jwt|basic-auth|forward-auth|external-auth)([-_.]|$)/, AUTH],
  [/(white|allow|deny|black|block)[-_]?list([-_]source[-_]range)?$|^(allow|deny)-source-range$/, ADDRESSES],
  [/^((global-)?rate-?limit|limit-(rps|rpm|req|rate|connections?))([-_.]|$)/, LIMITS],
  [/^(enable-)?(modsecurity|owasp|waf)([-_.]|$)/, NOTHING, SWITCHED_ON],
  [/^server-snippets?$/, NOTHING, ANY, 'host'],
  [/(^|-)snippets?$/, NOTHING],
]

/** Who has those of prefixes that are not known. */
const UNKNOWN = 'another controller'
/** Of ours. */
const OWN = /(^|\.)portcullis\.dev$/

// oxfmt-ignore
const controllers: readonly Controller[] = [
  // Also those who have taken over its annotations under the older name: haproxy-ingress, Traefik 1, Voyager.
  { name: 'ingress-nginx', prefixes: ['nginx.ingress.kubernetes.io', 'ingress.kubernetes.io'], protecting: common },
  { name: 'NGINX Ingress Controller', prefixes: ['nginx.org', 'nginx.com'], protecting: [
    [/^basic-auth-/, BASIC],
    [/^jwt-/, 'an AuthenticationPolicy'],
    [/^limit-req-/, LIMITS],
    [/^policies$/, 'a TrafficPolicy or an ExternalAuthPolicy'],
    [/^server-snippets$/, NOTHING, ANY, 'host'],
    [/^location-snippets$/, NOTHING],
    [/^ssl-services$/, BACKEND_TLS],
  ] },
  { name: 'F5 WAF for NGINX', prefixes: ['appprotect.f5.com', 'appprotectdos.f5.com'], protecting: [[/./, NOTHING]] },
  { name: 'Kong', prefixes: ['konghq.com'], protecting: [
    [/^(plugins|override)$/, 'policies: TrafficPolicy, ExternalAuthPolicy, AuthenticationPolicy'],
    [/^(methods|headers\.|snis)/, MATCHES],
    // Left out, both are served.
    [/^protocols$/, LISTENERS, ALL_SECURE],
    [/^protocol$/, BACKEND_TLS, SECURE],
    [/^(client-cert|tls-verify|ca-certificates)/, BACKEND_TLS],
  ] },
  { name: 'Kong', prefixes: ['configuration.konghq.com', 'plugins.konghq.com'], protecting: [[/./, 'policies: TrafficPolicy, ExternalAuthPolicy, AuthenticationPolicy']] },
  { name: 'Traefik', prefixes: ['traefik.ingress.kubernetes.io'], protecting: [
    [/^router\.middlewares$/, 'filters of an HTTPRoute, a TrafficPolicy or an ExternalAuthPolicy'],
    [/^router\.tls\.options$/, CLIENTS, ANY, 'host'],
    // One that is open to few would be open to all.
    [/^(router\.entrypoints|frontend-entry-points)$/, LISTENERS, FEW],
    [/^service\.serversscheme$/, BACKEND_TLS, SECURE],
    ...common,
  ] },
  { name: 'HAProxy Kubernetes Ingress Controller', prefixes: ['haproxy.org', 'haproxy.com'], protecting: [
    [/^client-(ca|crt-optional)$/, CLIENTS, ANY, 'host'],
    [/^server-(ssl|ca|crt)$/, BACKEND_TLS, /^(?!false$)/],
    ...common,
  ] },
  { name: 'HAProxy Ingress', prefixes: ['haproxy-ingress.github.io'], protecting: [
    [/^config-/, NOTHING],
    ...common,
  ] },
  { name: 'OpenShift', prefixes: ['haproxy.router.openshift.io'], protecting: [
    [/^ip_(white|allow)list$/, ADDRESSES],
    [/^rate-limit-connections/, LIMITS],
  ] },
  { name: 'APISIX', prefixes: ['k8s.apisix.apache.org'], protecting: [
    [/^plugin-config-name$/, 'policies: TrafficPolicy, ExternalAuthPolicy, AuthenticationPolicy'],
    [/^(allow|block)list-source-range$/, ADDRESSES],
    [/^http-(allow|block)-methods$/, MATCHES],
    [/^(auth-|enable-csrf|csrf-key)/, AUTH],
    [/^upstream-scheme$/, BACKEND_TLS, SECURE],
  ] },
  { name: 'Skipper', prefixes: ['zalando.org'], protecting: [
    [/^(skipper-(filter|predicate|routes)|ratelimit)$/, 'an HTTPRoute'],
    [/^aws-load-balancer-scheme$/, LISTENERS, /^internal$/i],
    [/^aws-load-balancer-security-group$/, ADDRESSES],
    [/^aws-waf-web-acl-id$/, NOTHING],
  ] },
  { name: 'AWS Load Balancer Controller', prefixes: ['alb.ingress.kubernetes.io'], protecting: [
    [/^auth-/, AUTH],
    [/^(wafv2-acl-|waf-acl-|shield-)/, NOTHING, ANY, 'group'],
    [/(^inbound-cidrs$|security-groups|prefix-lists?$)/, ADDRESSES, ANY, 'group'],
    [/^mutual-authentication$/, CLIENTS, ANY, 'group'],
    [/^(conditions|actions|transforms)\./, 'an HTTPRoute'],
    // What is reached from inside would be reached from everywhere.
    [/^scheme$/, LISTENERS, /^internal$/i, 'group'],
    [/^listen-ports$/, LISTENERS, /^(?!.*"HTTP")/],
    [/^backend-protocol$/, BACKEND_TLS, SECURE],
  ] },
  { name: 'Azure Application Gateway', prefixes: ['appgw.ingress.kubernetes.io'], protecting: [
    [/^waf-/, NOTHING],
    [/^use-private-ip$/, LISTENERS, ON, 'host'],
    [/^appgw-ssl-profile$/, CLIENTS, ANY, 'host'],
    [/^(backend-protocol|appgw-trusted-root-certificate)$/, BACKEND_TLS, /^(?!http$)/i],
  ] },
  { name: 'Google Kubernetes Engine', prefixes: ['cloud.google.com', 'beta.cloud.google.com'], protecting: [
    [/^backend-config$/, 'policies: TrafficPolicy, ExternalAuthPolicy'],
    [/^app-protocols$/, BACKEND_TLS, /HTTPS|HTTP2/i],
  ] },
  { name: 'Google Kubernetes Engine', prefixes: ['kubernetes.io'], shared: true, protecting: [
    [/^ingress\.allow-http$/, LISTENERS, /^false$/i],
  ] },
  // What it lets through without asking has to be told so.
  { name: 'Pomerium', prefixes: ['ingress.pomerium.io'], protecting: [
    [/^allow_public_unauthenticated_access$/, IDENTITY, /^(?!true$)/i],
    [/^(?!allow_public_unauthenticated_access$)/, IDENTITY],
  ] },
  { name: 'F5 BIG-IP', prefixes: ['virtual-server.f5.com'], protecting: [[/^serverssl$/, BACKEND_TLS], ...common] },
  { name: 'Higress', prefixes: ['higress.io', 'mse.ingress.kubernetes.io'], protecting: [
    [/^domain-(white|black)list-source-range$/, ADDRESSES, ANY, 'host'],
    [/^route-limit-/, LIMITS],
    [/^(match-method$|(exact|prefix|regex)-match-(header|query)-)/, MATCHES],
    ...common,
  ] },
  { name: 'Voyager', prefixes: ['ingress.appscode.com'], protecting: common },
  { name: 'Contour', prefixes: ['projectcontour.io'], protecting: [[/^upstream-protocol\.tls$/, BACKEND_TLS], ...common] },
]

const byPrefix = new Map(controllers.flatMap(one => one.prefixes.map(prefix => [prefix, one] as const)))

/** Whose annotation this is; null where it is of no controller that is known, and has no name that protects whoever has it. */
export function foreignAnnotation(name: string, value: string): ForeignAnnotation | null {
  const slash = name.indexOf('/')
  const prefix = name.slice(0, Math.max(0, slash))
  if (prefix === '' || OWN.test(prefix)) return null
  const controller = byPrefix.get(prefix)
  const own = name.slice(slash + 1)
  const fits = ([pattern, , only = ANY]: Row): boolean => pattern.test(own) && only.test(value.trim())
  const row = controller?.protecting.find(fits) ?? anyones.find(fits)
  if (row === undefined && (controller === undefined || controller.shared === true)) return null
  const [, instead = null, , scope = 'object'] = row ?? []
  return { controller: controller?.name ?? UNKNOWN, instead, scope }
}
