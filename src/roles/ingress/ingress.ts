import { Backend } from '../../model/kinds/backend.ts'
import { BackendPolicy } from './kinds/backend-policy.ts'
import { CertificatePolicy } from './kinds/certificate-policy.ts'
import { BackendTLSPolicy } from '../../model/kinds/backend-tls-policy.ts'
import { ClientPolicy } from '../../model/kinds/client-policy.ts'
import { ClusterTrustBundle } from '../../model/kinds/cluster-trust-bundle.ts'
import { ConfigMap } from '../../model/kinds/config-map.ts'
import { EndpointSlice } from '../../model/kinds/endpoint-slice.ts'
import { ExternalAuthPolicy } from '../../model/kinds/external-auth-policy.ts'
import { Gateway } from '../../model/kinds/gateway.ts'
import { GatewayClass } from '../../model/kinds/gateway-class.ts'
import { GRPCRoute } from '../../model/kinds/grpc-route.ts'
import { HTTPRoute } from '../../model/kinds/http-route.ts'
import { Ingress } from '../../model/kinds/ingress.ts'
import { IngressClass } from '../../model/kinds/ingress-class.ts'
import { ListenerSet } from '../../model/kinds/listener-set.ts'
import { Namespace } from '../../model/kinds/namespace.ts'
import { ReferenceGrant } from '../../model/kinds/reference-grant.ts'
import { Secret } from '../../model/kinds/secret.ts'
import { Service } from '../../model/kinds/service.ts'
import { TrafficPolicy } from '../../model/kinds/traffic-policy.ts'
import { TCPRoute } from '../../model/kinds/tcp-route.ts'
import { UDPRoute } from '../../model/kinds/udp-route.ts'
import { TLSRoute } from '../../model/kinds/tls-route.ts'
import type { Role } from '../../translation/role.ts'
import { Acme } from './acme/acme.ts'
import { endpointsOnly, onlyEndpointsDiffer } from './backends/endpoints.ts'
import { Health } from './health/health.ts'
import { ingressFilters } from './filter-types.ts'
import { GatewayParameters } from './kinds/gateway-parameters.ts'
import { SessionKey } from './sessions/session-key.ts'
import { XTelemetryPolicy } from './kinds/x-telemetry-policy.ts'
import { Tracing } from './tracing/tracing.ts'
import { translate } from './translate.ts'

/** Ingress: which hosts, ports and protocols are open to the world, and which service a request enters. */
export const ingress: Role = {
  name: 'ingress',
  kinds: [
    GatewayClass,
    Gateway,
    GatewayParameters,
    ListenerSet,
    HTTPRoute,
    GRPCRoute,
    TLSRoute,
    TCPRoute,
    UDPRoute,
    IngressClass,
    Ingress,
    BackendTLSPolicy,
    ReferenceGrant,
    Service,
    EndpointSlice,
    Secret,
    ConfigMap,
    ClusterTrustBundle,
    Namespace,
    Backend,
    BackendPolicy,
    CertificatePolicy,
    ClientPolicy,
    TrafficPolicy,
    ExternalAuthPolicy,
    XTelemetryPolicy,
  ],
  filters: ingressFilters,
  translate,
  services: kit => [new Acme(kit), new SessionKey(kit), new Health(kit), new Tracing(kit)],
  endpoints: { onlyEndpointsDiffer, endpointsOnly },
}
