import type { AnnotationScope } from '../../../model/foreign-annotations.ts'
import type { Ingress } from '../../../model/kinds/ingress.ts'
import type { Resource } from '../../../model/resource.ts'

const GROUP = 'alb.ingress.kubernetes.io/group.name'
const MERGED = 'nginx.org/mergeable-ingress-type'

/** What an Ingress has in common with others, by which an annotation of one is for all. */
export function sharedBy(
  { metadata: { annotations }, body: { spec = {} } }: Ingress,
  scope: AnnotationScope,
): string[] {
  if (scope === 'object') return []
  if (scope === 'group') {
    const group = annotations?.[GROUP]
    return group === undefined ? [] : [`group ${group}`]
  }
  const hosts = spec.rules?.map(({ host = '' }) => host) ?? []
  if (spec.defaultBackend !== undefined) hosts.push('')
  return [...new Set(hosts)].map(host => `host ${host}`)
}

/** A master of NGINX Ingress Controller has no paths: what it says is for those of its host. */
export function isMaster({ metadata: { annotations } }: Resource): boolean {
  return annotations?.[MERGED] === 'master'
}
