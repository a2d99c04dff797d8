import type { ResourceKind } from '../kind.ts'
import type { Resource } from '../resource.ts'
import { object, optional, required, text, type Shape } from './shapes.ts'

/** Of the API server, which lets it be 1 MiB. */
const MOST_CHARACTERS = 1024 * 1024

/** certificates.k8s.io ClusterTrustBundle, v1beta1. */
const clusterTrustBundleSchema = object(
  {
    spec: required(
      object({
        signerName: optional(text(571), 'Whose certificates the authorities vouch for.'),
        trustBundle: required(text(MOST_CHARACTERS), 'Certificates of authorities, in PEM.'),
      }),
      'Who is trusted.',
    ),
  },
  { description: 'Certificates of authorities for all of a cluster, which everyone may read.' },
)

export type ClusterTrustBundle = Resource<Shape<typeof clusterTrustBundleSchema>>

export const ClusterTrustBundle: ResourceKind<ClusterTrustBundle> = {
  group: 'certificates.k8s.io',
  versions: ['v1', 'v1beta1', 'v1alpha1'],
  kind: 'ClusterTrustBundle',
  plural: 'clustertrustbundles',
  scope: 'Cluster',
  role: 'ingress',
  schema: clusterTrustBundleSchema,
}
