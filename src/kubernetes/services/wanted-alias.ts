import { GATEWAY_API } from '../../model/kind.ts'
import type { Service } from '../../model/kinds/service.ts'
import {
  ALIAS_LABEL,
  gatewayAliasName,
  type GatewayServiceSettings,
  type GatewayServiceWant,
} from '../../translation/gateway-services.ts'
import { wantedWords, wordsPatch, type WantedWords } from './made.ts'

/** The name that a Gateway has in its own namespace. */
export interface WantedAlias extends WantedWords {
  readonly namespace: string
  readonly name: string
  /** Where it leads. */
  readonly externalName: string
}

/** Who acts on any Service by these, also on one that only is a name: the Gateway's own Service has them. */
const acting = [
  'external-dns.kubernetes.io/',
  'external-dns.alpha.kubernetes.io/',
  // Its operator exposes the target of an ExternalName.
  'tailscale.com/',
]

/** By which external-dns leaves a Service alone, whose templates would give it a record else: names before v0.22 and since. */
const LEFT_ALONE = {
  'external-dns.alpha.kubernetes.io/controller': 'portcullis.dev',
  'external-dns.kubernetes.io/controller': 'portcullis.dev',
}

/** Pure. `domain`: that of the cluster, such as `cluster.local`. */
export function wantedAlias(
  want: GatewayServiceWant,
  settings: GatewayServiceSettings,
  domain: string,
): WantedAlias {
  const { gateway, gatewayClass, name } = want
  const isOther = ([annotation]: [string, string]) => !acting.some(prefix => annotation.startsWith(prefix))
  const taken = Object.fromEntries(Object.entries(want.annotations).filter(isOther))
  const { labels, annotations } = wantedWords({ ...want, annotations: taken }, settings, ALIAS_LABEL)
  return {
    namespace: gateway.namespace,
    name: gatewayAliasName(gateway.name, gatewayClass),
    labels,
    annotations: { ...annotations, ...LEFT_ALONE },
    externalName: `${name}.${settings.namespace}.svc.${domain}`,
  }
}

/** A new one, which goes with the Gateway that is this one. */
export function newAlias(
  { namespace, name, labels, annotations, externalName }: WantedAlias,
  gateway: { readonly name: string; readonly uid: string },
): Record<string, unknown> {
  const owner = { apiVersion: `${GATEWAY_API}/v1`, kind: 'Gateway', name: gateway.name, uid: gateway.uid }
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace, labels, annotations, ownerReferences: [owner] },
    spec: { type: 'ExternalName', externalName },
  }
}

/** The merge patch (RFC 7396) by which an alias says what is wanted; null where it does. What others have added stays. */
export function aliasPatch(wanted: WantedAlias, service: Service): Record<string, unknown> | null {
  const metadata = wordsPatch(wanted, service)
  const { externalName } = wanted
  const spec = service.body.spec?.externalName === externalName ? {} : { externalName }
  const isSame = [metadata.labels, metadata.annotations, spec].every(one => Object.keys(one).length === 0)
  return isSame ? null : { metadata, spec }
}
