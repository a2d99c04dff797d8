import { join } from 'node:path'
import type { Kinds } from '../../model/kinds.ts'
import { qualifiedKind } from '../../model/resources.ts'
import { openAccess } from '../../kubernetes/access.ts'
import { ApiClient } from '../../kubernetes/client.ts'
import { KeptObjects } from '../../kubernetes/kept-objects.ts'
import { KubernetesSource } from '../../kubernetes/kubernetes-source.ts'
import { log } from '../../telemetry/log.ts'
import type { ClusterOptions } from '../command/options.ts'
import { kinds as allKinds } from '../roles.ts'
import type { DataDirectory } from './data-directory.ts'

/** The cluster of --kubernetes as a source; `failed`, and told, where it is not known how to reach it. */
export async function openCluster(
  { kubeconfig, context, namespaces }: ClusterOptions,
  kinds: Kinds,
  data: DataDirectory | null,
): Promise<KubernetesSource | 'failed'> {
  try {
    const access = await openAccess({ kubeconfig, context, env: process.env })
    const watched = allKinds.all
    const scope = JSON.stringify([access.server.href, namespaces, watched.map(qualifiedKind)])
    return new KubernetesSource({
      client: new ApiClient(access),
      kinds,
      watched,
      namespaces,
      log,
      kept: data && new KeptObjects({ folder: join(data.path, 'kubernetes'), scope, log }),
    })
  } catch (error) {
    const message = `cannot reach a cluster (--kubernetes): ${error instanceof Error ? error.message : String(error)}`
    log.error('kubernetes.failed', { message })
    return 'failed'
  }
}
