import type { Service } from '../model/kinds/service.ts'

// A Gateway may have Pods that serve no other. Its Service says which Pods it leads to, and all processes read it there.

/** On Pods that serve one Gateway, and in the selector of its Service: the name of both. */
export const DATA_PLANE_LABEL = 'portcullis.dev/data-plane'

/** On a Service that has led to the Pods of all: since when it leads to those of its Gateway alone (RFC 3339). */
export const DATA_PLANE_SINCE = 'portcullis.dev/data-plane-since'

/** Nodes follow a Service by and by, as long as they do when a Pod ends. */
const FOLLOWED_MS = 30_000

/** What Pods are to be like that serve one Gateway; null, or absent: as those of the deployment. */
export interface DataPlane {
  readonly replicas: number | null
  readonly workers: number | null
  readonly requests: Amounts
  readonly limits: Amounts
  readonly nodeSelector: Readonly<Record<string, string>>
}

/** Quantities of Kubernetes, as somebody wrote them. */
export interface Amounts {
  readonly cpu?: number | string
  readonly memory?: number | string
}

/** Whether a Service leads to Pods that serve its Gateway alone. */
export function leadsToDataPlane({ body }: Service): boolean {
  return body.spec?.selector?.[DATA_PLANE_LABEL] !== undefined
}

/** Until when nodes may send its clients to the Pods of all; NaN where they never do. */
export function followedMs({ metadata }: Service): number {
  return Date.parse(metadata.annotations?.[DATA_PLANE_SINCE] ?? '') + FOLLOWED_MS
}
