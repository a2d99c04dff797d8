import type { ResourceKind } from '../model/kind.ts'

/** The objects of a kind in one namespace; null: in all, or of a kind that has none. With a name, of that one alone. */
export interface Collection {
  readonly kind: Pick<ResourceKind, 'group' | 'kind' | 'plural' | 'versions' | 'protects'>
  readonly namespace: string | null
  readonly name?: string
}

/** `/apis/gateway.networking.k8s.io/v1/namespaces/shop/httproutes`; with a name, that object of it. */
export function pathOf({ kind, namespace }: Collection, version: string, name?: string): string {
  const group = kind.group === '' ? `/api/${version}` : `/apis/${kind.group}/${version}`
  const within = namespace === null ? '' : `/namespaces/${encodeURIComponent(namespace)}`
  return `${group}${within}/${kind.plural}${name === undefined ? '' : `/${encodeURIComponent(name)}`}`
}

/** Helm's Secrets are large and nobody's here, and tokens of service accounts are nobody else's. */
const OTHERS_SECRETS = 'type!=helm.sh/release.v1,type!=kubernetes.io/service-account-token'

/** What of it the server need not send. */
export function selectionOf({ kind, name }: Collection): Readonly<Record<string, string>> {
  // By which an API server tells that a role for this name is enough to list and watch.
  if (name !== undefined) return { fieldSelector: `metadata.name=${name}` }
  return kind.group === '' && kind.kind === 'Secret' ? { fieldSelector: OTHERS_SECRETS } : {}
}
