import { fieldOf } from '../../model/words.ts'
import type { Known } from '../object-store.ts'

/** Where Gateways without spec.addresses are reached: at these addresses and names, or by this Service. */
export type Published =
  | { readonly addresses: readonly string[] }
  | { readonly service: { readonly namespace: string; readonly name: string } }

/** Of a Service what its balancer has, or else its address in the cluster. */
export function serviceAddresses(known: Known | undefined): readonly string[] {
  const given = balancerAddresses(known)
  return given.length > 0 ? given : clusterAddresses(known)
}

/** What the balancer of a Service has. */
export function balancerAddresses(known: Known | undefined): readonly string[] {
  const ingress = fieldOf(fieldOf(known?.status, 'loadBalancer'), 'ingress')
  return Array.isArray(ingress)
    ? ingress.flatMap(one => text(fieldOf(one, 'ip')) ?? text(fieldOf(one, 'hostname')) ?? [])
    : []
}

/** The address of a Service in its cluster. */
export function clusterAddresses(known: Known | undefined): readonly string[] {
  const own = text(fieldOf(fieldOf(known?.validation.resource?.body, 'spec'), 'clusterIP'))
  return own === null || own === 'None' ? [] : [own]
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}
