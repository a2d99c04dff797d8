import type { Role } from '../../translation/role.ts'
import { endpointsOnly, onlyEndpointsDiffer } from './backends/endpoints.ts'
import { translate } from './translate.ts'

/** Ingress: which hosts, ports and protocols are open to the world, and which service a request enters. */
export const ingress: Role = {
  name: 'ingress',
  kinds: [
    'GatewayClass',
    'Gateway',
    'HTTPRoute',
    'GRPCRoute',
    'TLSRoute',
    'BackendTLSPolicy',
    'ReferenceGrant',
    'Service',
    'EndpointSlice',
    'Secret',
    'ConfigMap',
    'Namespace',
    'Backend',
    'BackendPolicy',
    'ClientPolicy',
  ],
  translate,
  endpoints: { onlyEndpointsDiffer, endpointsOnly },
}
