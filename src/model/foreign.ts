import { groupOf } from './kind.ts'
import type { Kinds } from './kinds.ts'
import { nearest } from './nearest.ts'

/** Kinds of Kubernetes whose names could be taken for misspelt ones of ours. */
const kubernetesKinds: Readonly<Record<string, readonly string[]>> = {
  '': ['Endpoints', 'ServiceAccount'],
}

/** The reason of problems that say that a kind is somebody else's. */
export const FOREIGN_KIND = 'ForeignKind'

/**
 * Whether a kind is somebody else's: folders for kubectl hold Deployments, and Istio's Gateways, beside what is ours.
 * It is not where it is likely to be one of ours with a mistake in its kind or its group.
 */
export function isForeign(kinds: Kinds, apiVersion: string, kind: string): boolean {
  const group = groupOf(apiVersion)
  const { wholeGroups } = kinds
  if (apiVersion === '' || wholeGroups.has(group) || kinds.find(group, kind)) return false
  if (kubernetesKinds[group]?.includes(kind)) return true
  // Kubernetes has no kind with the name of one of ours, or near it, in another group.
  if (isKubernetes(group)) return nearest(kind, kinds.names) === undefined
  return nearest(group, [...wholeGroups]) === undefined
}

/** Core, `apps`, `batch`; `networking.k8s.io`; `networking.x-k8s.io`, where Gateway API began. */
function isKubernetes(group: string): boolean {
  return !group.includes('.') || /\.(x-)?k8s\.io$/.test(group)
}
