import type { Cluster } from './cluster.ts'

/**
 * What a cluster was named after: `Service/default/items:80` of `Service/default/items:80 (h2)`. In parentheses is what
 * tells several clusters of one target apart; no name of an object has any.
 */
export function targetName(cluster: Cluster['name']): string {
  return cluster.replace(/ \(.*$/, '')
}
