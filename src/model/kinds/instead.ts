const route = 'an HTTPRoute'
const gateway = 'a Gateway of gateway.networking.k8s.io/v1'
const clientPolicy = 'a ClientPolicy'
const backendPolicy = 'a BackendPolicy'
const filters = 'filters of an HTTPRoute'
const certificates = 'certificateRefs of a Gateway and its Secret'
/** What others put into one list, by whatever its settings say. */
const middleware =
  'filters of an HTTPRoute, a TrafficPolicy (limits, addresses, passwords), an ExternalAuthPolicy, or compression of a ClientPolicy'

/** What says here what objects of other kinds say there, by group: told before anybody mends their fields. */
const instead: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '': { Endpoints: 'an EndpointSlice of discovery.k8s.io/v1' },
  // Gateway API's experimental group.
  'gateway.networking.x-k8s.io': {
    XBackend: 'a Backend of portcullis.dev/v1alpha1, and a BackendPolicy',
    XBackendTrafficPolicy: backendPolicy,
    XListenerSet: 'a ListenerSet of gateway.networking.k8s.io/v1',
  },
  // Istio.
  'networking.istio.io': {
    DestinationRule: `${backendPolicy}, and a BackendTLSPolicy`,
    Gateway: gateway,
    ServiceEntry: 'a Backend',
    VirtualService: route,
  },
  // Envoy Gateway.
  'gateway.envoyproxy.io': {
    Backend: 'a Backend of portcullis.dev/v1alpha1',
    BackendTrafficPolicy: backendPolicy,
    ClientTrafficPolicy: clientPolicy,
    HTTPRouteFilter: filters,
  },
  // Traefik, by its two groups.
  ...both(['traefik.io', 'traefik.containo.us'], {
    IngressRoute: route,
    IngressRouteTCP: 'a TCPRoute, or for TLS a TLSRoute',
    Middleware: middleware,
    ServersTransport: `a BackendTLSPolicy, and ${backendPolicy}`,
    TLSOption: clientPolicy,
    TLSStore: certificates,
    TraefikService: 'weights of backendRefs',
  }),
  'projectcontour.io': { HTTPProxy: route, TLSCertificateDelegation: 'a ReferenceGrant' },
  'getambassador.io': { Host: gateway, Listener: gateway, Mapping: route, TLSContext: certificates },
  'configuration.konghq.com': {
    KongIngress: `${route}, and ${backendPolicy}`,
    KongClusterPlugin: middleware,
    KongPlugin: middleware,
    KongUpstreamPolicy: backendPolicy,
    TCPIngress: 'a TCPRoute, or for TLS a TLSRoute',
  },
  'apisix.apache.org': {
    ApisixPluginConfig: middleware,
    ApisixRoute: route,
    ApisixTls: certificates,
    ApisixUpstream: backendPolicy,
  },
  // NGINX: the ingress controller, and the Gateway Fabric.
  'k8s.nginx.org': {
    TransportServer: 'a TCPRoute, or for TLS a TLSRoute',
    VirtualServer: route,
    VirtualServerRoute: route,
  },
  'gateway.nginx.org': { ClientSettingsPolicy: clientPolicy, UpstreamSettingsPolicy: backendPolicy },
  // HAProxy's ingress controller.
  'ingress.v3.haproxy.org': { Backend: backendPolicy },
  'gateway.kgateway.dev': {
    Backend: 'a Backend of portcullis.dev/v1alpha1',
    BackendConfigPolicy: backendPolicy,
  },
  // Google Kubernetes Engine.
  'cloud.google.com': { BackendConfig: backendPolicy },
  'networking.gke.io': {
    FrontendConfig: clientPolicy,
    GCPBackendPolicy: backendPolicy,
    GCPGatewayPolicy: clientPolicy,
    ManagedCertificate: 'a CertificatePolicy',
  },
  'route.openshift.io': { Route: route },
  'serving.knative.dev': { Service: 'the Service of Kubernetes that Knative makes for it' },
}

function both<T>(groups: readonly string[], kinds: T): Record<string, T> {
  return Object.fromEntries(groups.map(group => [group, kinds]))
}

/** What to write in place of somebody else's kind, as the end of a message; "" where nothing is known. */
export function insteadOf(group: string, kind: string): string {
  const kinds = Object.hasOwn(instead, group) ? instead[group]! : {}
  return Object.hasOwn(kinds, kind) ? `: write ${kinds[kind]!} in its place` : ''
}
