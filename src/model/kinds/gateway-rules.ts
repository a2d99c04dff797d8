import { isIP } from 'node:net'
import type { GatewayAddress, GatewayBody, GatewayListener, ListenerTls } from './gateway.ts'
import { repeated, selectorRules, type Finding } from './shapes.ts'

/** The CEL rules and the oneOf of the Gateway CRD (v1.6.1), with its defaults taken into account. */
export function gatewayRules({ spec }: GatewayBody): Finding[] {
  return [
    ...listenerRules(spec.listeners),
    ...addressRules(spec.addresses ?? []),
    ...keyRules('labels', spec.infrastructure?.labels ?? {}),
    ...keyRules('annotations', spec.infrastructure?.annotations ?? {}),
    ...selectorRules(spec.allowedListeners?.namespaces?.selector ?? {}, [
      'spec',
      'allowedListeners',
      'namespaces',
      'selector',
    ]),
  ]
}

function listenerRules(listeners: readonly GatewayListener[]): Finding[] {
  const findings = listeners.flatMap((listener, i) => oneListener(listener, ['spec', 'listeners', i]))
  // A hostname and its absence differ: "" is no valid hostname, so that it can stand for absence here.
  for (const i of repeated(listeners, l => `${l.port} ${l.protocol} ${l.hostname ?? ''}`))
    findings.push({
      path: ['spec', 'listeners', i],
      message: 'has the port, protocol and hostname of another listener of this Gateway',
    })
  return findings
}

function oneListener(listener: GatewayListener, path: Finding['path']): Finding[] {
  const { protocol, hostname, tls } = listener
  const findings: Finding[] = []
  if (tls && ['HTTP', 'TCP', 'UDP'].includes(protocol))
    findings.push({ path: [...path, 'tls'], message: `must be absent for protocol ${protocol}` })
  if (protocol === 'HTTPS' && tls?.mode === 'Passthrough')
    findings.push({ path: [...path, 'tls', 'mode'], message: 'must be Terminate for protocol HTTPS' })
  // The CRD asks for tls.mode to be there; its default, Terminate, then makes an absent mode pass.
  if (protocol === 'TLS' && !tls)
    findings.push({ path: [...path, 'tls'], message: 'is required for protocol TLS' })
  if (hostname !== undefined && ['TCP', 'UDP'].includes(protocol))
    findings.push({ path: [...path, 'hostname'], message: `must be absent for protocol ${protocol}` })
  if (tls) findings.push(...certificateRules(tls, [...path, 'tls']))
  const selector = listener.allowedRoutes?.namespaces?.selector
  if (selector)
    findings.push(...selectorRules(selector, [...path, 'allowedRoutes', 'namespaces', 'selector']))
  return findings
}

function certificateRules(tls: ListenerTls, path: Finding['path']): Finding[] {
  const given = (tls.certificateRefs ?? []).length > 0 || Object.keys(tls.options ?? {}).length > 0
  if (given || tls.mode === 'Passthrough') return []
  return [
    {
      path: [...path, 'certificateRefs'],
      message: 'is required where tls.mode is Terminate, expected at least one reference (or tls.options)',
    },
  ]
}

function addressRules(addresses: readonly GatewayAddress[]): Finding[] {
  const findings = addresses.flatMap((address, i) => oneAddress(address, ['spec', 'addresses', i, 'value']))
  const unique = ({ type = 'IPAddress', value }: GatewayAddress) =>
    value !== undefined && (type === 'IPAddress' || type === 'Hostname') ? `${type} ${value}` : undefined
  for (const i of repeated(addresses, unique))
    findings.push({ path: ['spec', 'addresses', i, 'value'], message: 'is given twice' })
  return findings
}

function oneAddress({ type = 'IPAddress', value }: GatewayAddress, path: Finding['path']): Finding[] {
  if (!value) return []
  if (type === 'IPAddress' && isIP(value) === 0)
    return [{ path, message: 'is no IP address, expected IPv4 or IPv6' }]
  const hostname = /^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
  if (type === 'Hostname' && !hostname.test(value))
    return [{ path, message: 'is no hostname, expected a DNS name in lower case' }]
  return []
}

/** Qualified names as Kubernetes has them: an optional DNS subdomain and "/", then up to 63 characters. */
const qualified =
  /^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/)?([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]$/

export function isQualifiedName(key: string): boolean {
  const slash = key.indexOf('/')
  return slash < 253 && qualified.test(key)
}

function keyRules(field: 'labels' | 'annotations', values: Readonly<Record<string, string>>): Finding[] {
  return Object.keys(values)
    .filter(key => !isQualifiedName(key))
    .map(key => ({
      path: ['spec', 'infrastructure', field, key],
      message:
        'is no valid key, expected an optional DNS name and "/", then at most 63 letters, digits, "-", "_" and "."',
    }))
}
