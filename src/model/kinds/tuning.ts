/**
 * Kinds of other gateways that only tune what they target, by group: without them it is served otherwise than they say,
 * and no less protected. The fields in which one of them protects after all are named, into its spec.
 */
const tuning: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  // Envoy Gateway. Not EnvoyPatchPolicy and EnvoyExtensionPolicy: those may do anything.
  'gateway.envoyproxy.io': {
    ClientTrafficPolicy: ['tls.clientValidation'],
    BackendTrafficPolicy: ['rateLimit'],
  },
  // Gateway API's experimental group: retry budgets and session persistence.
  'gateway.networking.x-k8s.io': { XBackendTrafficPolicy: [] },
  // Google Kubernetes Engine. Not GCPAuthzPolicy.
  'networking.gke.io': {
    GCPBackendPolicy: ['default.securityPolicy', 'default.iap'],
    GCPGatewayPolicy: [],
    GCPSessionAffinityPolicy: [],
    GCPTrafficDistributionPolicy: [],
    HealthCheckPolicy: [],
  },
  // Azure's Application Gateway for Containers. Not its FrontendTLSPolicy (client certificates) and firewalls.
  'alb.networking.azure.io': { BackendLoadBalancingPolicy: [], HealthCheckPolicy: [], RoutePolicy: [] },
  // AWS's controller for VPC Lattice. Not IAMAuthPolicy, nor VpcAssociationPolicy with its security groups.
  'application-networking.k8s.aws': { AccessLogPolicy: [], TargetGroupPolicy: [] },
  // NGINX Gateway Fabric. Not SnippetsPolicy.
  'gateway.nginx.org': {
    ClientSettingsPolicy: [],
    ObservabilityPolicy: [],
    ProxySettingsPolicy: [],
    UpstreamSettingsPolicy: [],
  },
  // Kuadrant: records and certificates are made for a Gateway, which serves without them as it is written.
  'kuadrant.io': { DNSPolicy: [], TLSPolicy: [] },
  'extensions.kuadrant.io': { TelemetryPolicy: [] },
  // kgateway. Not its TrafficPolicy, most of which protects.
  'gateway.kgateway.dev': { BackendConfigPolicy: ['tls'], HTTPListenerPolicy: [] },
  // Istio.
  'telemetry.istio.io': { Telemetry: [] },
}

/** Whether an object of another gateway's kind does no more than tune what it targets. */
export function onlyTunes(group: string, kind: string, spec: unknown): boolean {
  const fields = Object.hasOwn(tuning, group) ? tuning[group] : undefined
  if (fields === undefined || !Object.hasOwn(fields, kind)) return false
  return (fields[kind] ?? []).every(path => !has(spec, path.split('.')))
}

function has(value: unknown, [step, ...rest]: readonly string[]): boolean {
  if (step === undefined) return value !== undefined
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return false
  return has(Reflect.get(value, step), rest)
}
