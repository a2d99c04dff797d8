import { readFileSync } from 'node:fs'
import { parse, stringify } from 'yaml'
import { kinds } from '../../src/cli/roles.ts'
import { customResourceDefinitions, type JsonObject } from '../../src/model/crd.ts'
import { GATEWAY_API, GATEWAY_API_EXPERIMENTS, PORTCULLIS, type ResourceKind } from '../../src/model/kind.ts'

const kustomize = new URL('../../deploy/kustomize/', import.meta.url)

/** What is in deploy/ of what the program knows, by file: `npm run docs` writes it, and a test holds it to that. */
export const deployment: Readonly<Record<string, () => string>> = {
  'kustomize/crds.yaml': () => documents(customResourceDefinitions(kinds)),
  'kustomize/access.yaml': () => documents(access()),
  'helm/Chart.yaml': chart,
  'helm/files/crds.yaml': () => documents(customResourceDefinitions(kinds).map(keptByHelm)),
  'helm/files/rules.yaml': () => plain(rules(kinds.all)),
  'helm/files/namespaced-rules.yaml': () =>
    plain(rules(kinds.all.filter(({ scope }) => scope === 'Namespaced'))),
  'install.yaml': installed,
}

const name = 'portcullis'
const namespace = 'portcullis-system'
const labels = { 'app.kubernetes.io/name': name }

/** The account of the Pods, and the least that it needs. */
function access(): readonly JsonObject[] {
  const account = { kind: 'ServiceAccount', name, namespace }
  const api = 'rbac.authorization.k8s.io'
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace, labels } },
    {
      apiVersion: `${api}/v1`,
      kind: 'ClusterRole',
      metadata: { name, labels },
      rules: rules(kinds.all),
    },
    {
      apiVersion: `${api}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name, labels },
      roleRef: { apiGroup: api, kind: 'ClusterRole', name },
      subjects: [account],
    },
    {
      apiVersion: `${api}/v1`,
      kind: 'Role',
      metadata: { name, namespace, labels },
      // Which of the replicas writes statuses, and the Services and Deployments of Gateways, which are made like those of this name.
      rules: [
        { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['create'] },
        {
          apiGroups: ['coordination.k8s.io'],
          resources: ['leases'],
          resourceNames: [name],
          verbs: ['get', 'update'],
        },
        { apiGroups: [''], resources: ['services'], verbs: ['create', 'delete', 'patch'] },
        { apiGroups: [''], resources: ['services'], resourceNames: [name], verbs: ['get'] },
        {
          apiGroups: ['apps'],
          resources: ['deployments'],
          verbs: ['create', 'delete', 'list', 'patch', 'watch'],
        },
        { apiGroups: ['policy'], resources: ['poddisruptionbudgets'], verbs: ['create'] },
      ],
    },
    {
      apiVersion: `${api}/v1`,
      kind: 'RoleBinding',
      metadata: { name, namespace, labels },
      roleRef: { apiGroup: api, kind: 'Role', name },
      subjects: [account],
    },
  ]
}

/** Everything that roles read: Secrets, for certificates, are among it. */
function rules(those: readonly ResourceKind[]): readonly JsonObject[] {
  return [
    ...byGroup(those, kind => kind.plural, ['list', 'watch']),
    ...byGroup(those.filter(isTold), kind => `${kind.plural}/status`, ['patch']),
  ]
}

/** Of the version of the program. */
function chart(): string {
  const { version, description, license } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  ) as { readonly version: string; readonly description: string; readonly license: string }
  return plain({
    apiVersion: 'v2',
    name,
    description,
    type: 'application',
    version,
    appVersion: version,
    // What the definitions ask of an API server, and the `sleep` of a Pod that ends.
    kubeVersion: '>=1.31.0-0',
    annotations: { 'artifacthub.io/license': license },
  })
}

/** Who removes a release must not lose all that was declared. */
function keptByHelm(definition: JsonObject): JsonObject {
  const metadata = definition['metadata'] as JsonObject
  const annotations = {
    ...(metadata['annotations'] as JsonObject | undefined),
    'helm.sh/resource-policy': 'keep',
  }
  return { ...definition, metadata: { ...metadata, annotations } }
}

/** Of whose objects the status says what became of them. */
function isTold({ group, kind }: ResourceKind): boolean {
  const isOfGateways = group === GATEWAY_API || group === GATEWAY_API_EXPERIMENTS
  return group === PORTCULLIS || kind === 'Ingress' || (isOfGateways && kind !== 'ReferenceGrant')
}

function byGroup(
  those: readonly ResourceKind[],
  resource: (kind: ResourceKind) => string,
  verbs: readonly string[],
): JsonObject[] {
  const groups = Map.groupBy(those, ({ group }) => group)
  return [...groups].map(([group, list]) => ({
    apiGroups: [group],
    resources: list.map(resource).toSorted(),
    verbs,
  }))
}

/** What `kubectl apply -f deploy/` takes: all that the kustomization names, in its order. */
function installed(): string {
  const { resources } = parse(readFileSync(new URL('kustomization.yaml', kustomize), 'utf8')) as {
    readonly resources: readonly string[]
  }
  const about =
    '# All of deploy/kustomize in one file (npm run docs writes it): kubectl apply --server-side -f deploy/\n'
  const texts = resources.map(file => {
    const make = deployment[`kustomize/${file}`]
    return make === undefined ? readFileSync(new URL(file, kustomize), 'utf8') : make()
  })
  return about + texts.join('---\n')
}

function documents(objects: readonly JsonObject[]): string {
  return objects.map(plain).join('---\n')
}

function plain(value: unknown): string {
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false })
}
