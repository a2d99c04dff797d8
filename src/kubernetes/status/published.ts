import type { ResourceRef } from '../../model/resource.ts'
import { fieldOf } from '../../model/words.ts'
import type { KubernetesSource } from '../kubernetes-source.ts'

/** Where Gateways without spec.addresses are reached: at these addresses and names, or by this Service. */
export type Published =
  | { readonly addresses: readonly string[] }
  | { readonly service: { readonly namespace: string; readonly name: string } }

/** The Service that says where Gateways are reached; null where addresses are given. */
export function publishingService(published: Published): ResourceRef | null {
  return 'service' in published ? { group: '', kind: 'Service', ...published.service } : null
}

/** Of a Service what its balancer has, or else its address in the cluster. */
export function publishedAddresses(
  published: Published,
  source: Pick<KubernetesSource, 'known'>,
): readonly string[] {
  const ref = publishingService(published)
  if (ref === null) return 'addresses' in published ? published.addresses : []
  const known = source.known(ref)
  const ingress = fieldOf(fieldOf(known?.status, 'loadBalancer'), 'ingress')
  const given = Array.isArray(ingress)
    ? ingress.flatMap(one => text(fieldOf(one, 'ip')) ?? text(fieldOf(one, 'hostname')) ?? [])
    : []
  if (given.length > 0) return given
  const own = text(fieldOf(fieldOf(known?.validation.resource?.body, 'spec'), 'clusterIP'))
  return own === null || own === 'None' ? [] : [own]
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}
