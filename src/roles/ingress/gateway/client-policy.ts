import { elder } from '../../../translation/elder.ts'
import { GATEWAY_API } from '../../../model/kind.ts'
import { clientDefaults } from '../../../model/defaults.ts'
import { described } from '../../../model/kinds/shapes.ts'
import { ClientPolicy } from '../../../model/kinds/client-policy.ts'
import { durationMs, quantityBytes } from '../../../model/quantity.ts'
import { keyOf, refKey, type Resources } from '../../../model/resources.ts'
import type { Attachment as FilterAttachment } from '../../../snapshot/contribution.ts'
import type { ClientSettings } from '../../../snapshot/client-settings.ts'
import type { Report } from '../../../translation/report.ts'
import { clientSettings, groupsOf, suitesOf, tlsVersion } from '../defaults.ts'
import { gatewayless, listenerless } from '../../../translation/policy-target.ts'
import { compressionOf } from './compression.ts'
import { ownListeners, type GatewayState } from './gateway-state.ts'
import { isServed } from './listeners.ts'
import {
  accept,
  attachmentsOf,
  given,
  reject,
  type PolicyAttachment,
  type Patch,
} from '../../../translation/policies.ts'

type ClientPatch = Patch<ClientSettings>

/** Settings by Gateway and port. */
export type ClientSettingsOf = (gateway: GatewayState, port: number) => ClientSettings

interface Claims {
  /** By Gateway. */
  readonly whole: Map<string, { readonly policy: ClientPolicy; readonly patch: ClientPatch }>
  /** By Gateway and port: a head is read before its host is known, so listeners of one port have one setting. */
  readonly ports: Map<string, Map<keyof ClientSettings, ClientPolicy>>
  readonly patches: Map<string, ClientPatch>
  /** By Gateway and listener. */
  readonly sections: Map<string, ClientPolicy>
}

/** What ClientPolicies come to. */
export interface ClientPolicies {
  readonly settingsOf: ClientSettingsOf
  readonly attach: readonly FilterAttachment[]
}

/** Attaches ClientPolicies, the oldest first. */
export function clientPolicies(
  resources: Resources,
  gateways: ReadonlyMap<string, GatewayState>,
  report: Report,
): ClientPolicies {
  const claims: Claims = { whole: new Map(), ports: new Map(), patches: new Map(), sections: new Map() }
  for (const attachment of attachmentsOf(resources.all(ClientPolicy)))
    attach(attachment, resources, gateways, claims, report)
  return {
    settingsOf: ({ gateway }, port) => ({
      ...clientSettings,
      ...claims.whole.get(keyOf(gateway))?.patch,
      ...claims.patches.get(`${keyOf(gateway)} ${port}`),
    }),
    attach: [...gateways].flatMap(([key, state]) =>
      compressionOf(state, claims.whole.get(key)?.policy, name => claims.sections.get(`${key} ${name}`)),
    ),
  }
}

function attach(
  attachment: PolicyAttachment<ClientPolicy>,
  resources: Resources,
  gateways: ReadonlyMap<string, GatewayState>,
  claims: Claims,
  report: Report,
): void {
  const { policy, target } = attachment
  const { group, kind, name, sectionName } = target
  if (group !== GATEWAY_API || kind !== 'Gateway')
    return reject(
      attachment,
      report,
      'Invalid',
      `a ClientPolicy attaches to a Gateway, not to ${described(target)}`,
    )
  const key = refKey({ group, kind, namespace: policy.metadata.namespace, name })
  const state = gateways.get(key)
  if (state === undefined)
    return reject(
      attachment,
      report,
      'TargetNotFound',
      gatewayless(resources, policy.metadata.namespace, name),
    )
  if (sectionName !== undefined) return attachToListener(attachment, sectionName, state, claims, report)
  const other = claims.whole.get(key)
  if (other !== undefined)
    return reject(attachment, report, 'Conflicted', `${elder(other.policy, policy)} has this Gateway`)
  claims.whole.set(key, { policy, patch: patchOf(policy) })
  accept(attachment, report, 'applies to every port of the Gateway')
}

function attachToListener(
  attachment: PolicyAttachment<ClientPolicy>,
  section: string,
  state: GatewayState,
  claims: Claims,
  report: Report,
): void {
  const { policy } = attachment
  const key = keyOf(state.gateway)
  const listener = ownListeners(state).find(({ spec }) => spec.name === section)
  if (listener === undefined)
    return reject(attachment, report, 'TargetNotFound', listenerless(state.gateway, section))
  const other = claims.sections.get(`${key} ${section}`)
  if (other !== undefined)
    return reject(attachment, report, 'Conflicted', `${elder(other, policy)} has this listener`)
  const { port } = listener.spec
  const patch = patchOf(policy)
  const conflict = claimFields(policy, patch, `${key} ${port}`, claims)
  if (conflict !== null)
    return reject(attachment, report, 'Conflicted', `${conflict} of port ${port}, which listeners share`)
  claims.sections.set(`${key} ${section}`, policy)
  if (keysOf(patch).length === 0) return accept(attachment, report, 'applies to the listener')
  const sharers = state.listeners
    .filter(one => one !== listener && one.spec.port === port && isServed(one))
    .map(one => one.spec.name)
  const shared = sharers.length > 0 ? `, and so to listener ${sharers.join(', ')}, which shares it` : ''
  accept(attachment, report, `applies to port ${port}${shared}`)
}

/** Adds the patch to that of the port, unless an older policy has given one of its fields another value. */
function claimFields(
  policy: ClientPolicy,
  patch: ClientPatch,
  portKey: string,
  claims: Claims,
): string | null {
  const owners = claims.ports.get(portKey) ?? new Map<keyof ClientSettings, ClientPolicy>()
  const merged = claims.patches.get(portKey) ?? {}
  for (const [field, owner] of owners)
    if (patch[field] !== undefined && patch[field] !== merged[field])
      return `${elder(owner, policy)} gives another value to ${field}`
  for (const field of keysOf(patch)) if (!owners.has(field)) owners.set(field, policy)
  claims.ports.set(portKey, owners)
  claims.patches.set(portKey, { ...merged, ...patch })
  return null
}

function keysOf(patch: ClientPatch): (keyof ClientSettings)[] {
  return settingNames.filter(name => patch[name] !== undefined)
}

function isSetting(name: string): name is keyof ClientSettings {
  return Object.hasOwn(clientSettings, name)
}

const settingNames = Object.keys(clientSettings).filter(isSetting)

function patchOf({ body: { spec } }: ClientPolicy): ClientPatch {
  const { limits = {}, timeouts = {}, paths = {}, headers = {}, tls = {} } = spec
  const bytes = (value: number | string | undefined): number | undefined =>
    value === undefined ? undefined : quantityBytes(value)
  // As in the standard's timeouts, 0 is none.
  const ms = (value: string | undefined): number | undefined => {
    const time = value === undefined ? undefined : durationMs(value)
    return time === 0 ? Infinity : time
  }
  return given<ClientSettings>({
    trustedHops: spec.trustedHops,
    trustedPeers: spec.trustedPeers?.join(','),
    sharing: spec.sharing,
    proxyProtocol:
      spec.proxyProtocol &&
      (spec.proxyProtocol.versions?.toSorted().join(',') ?? clientDefaults.proxyProtocolVersions),
    proxyProtocolRequired: spec.proxyProtocol?.required,
    requestLineBytes: bytes(limits.requestLineBytes),
    fieldBytes: bytes(limits.fieldBytes),
    headBytes: bytes(limits.headBytes),
    fieldCount: limits.fields,
    bodyBytes: bytes(limits.bodyBytes),
    headTimeoutMs: ms(timeouts.head),
    idleTimeoutMs: ms(timeouts.idle),
    bodyIdleTimeoutMs: ms(timeouts.bodyIdle),
    stallTimeoutMs: ms(timeouts.stall),
    halfClose: spec.http1?.halfClose,
    requestsPerConnection: limits.requestsPerConnection,
    connections: limits.connections,
    openings: limits.openings,
    handshakes: limits.handshakes,
    streams: limits.streams,
    methods: spec.methods?.join(','),
    encodedSlash: paths.encodedSlash,
    emptySegments: paths.emptySegments,
    illegalCharacters: paths.illegal,
    underscores: headers.underscores,
    forwardedPort: headers.forwardedPort,
    tlsMinVersion: tls.minVersion && tlsVersion(tls.minVersion),
    tlsMaxVersion: tls.maxVersion && tlsVersion(tls.maxVersion),
    tlsCiphers: tls.ciphers && suitesOf(tls.ciphers),
    tlsGroups: tls.groups && groupsOf(tls.groups),
    tlsAlpn: tls.alpn?.join(','),
    clientCertificateHeader: headers.clientCertificate,
  })
}
