import type { Resource } from '../model/resource.ts'

/**
 * By creation time, then by namespace/name, as the standard breaks ties. Objects
 * of files have no creation time: they keep the order in which they were read,
 * which is that of `resources`.
 */
export function oldestFirst<T extends Resource>(routes: readonly T[]): readonly T[] {
  const dated = routes
    .filter(({ metadata }) => metadata.creationTimestamp !== undefined)
    .map(route => ({
      route,
      time: Date.parse(route.metadata.creationTimestamp ?? ''),
      // A kind after all: one of each may have the same name and the same second.
      name: `${route.metadata.namespace}/${route.metadata.name} ${route.kind}`,
    }))
    .sort((a, b) => a.time - b.time || (a.name < b.name ? -1 : 1))
  const undated = routes.filter(({ metadata }) => metadata.creationTimestamp === undefined)
  return [...dated.map(({ route }) => route), ...undated]
}
