import type { Cluster } from '../../snapshot/cluster.ts'
import type { Place } from './place.ts'
import type { Level, Ranked } from './priorities.ts'
import { coverage, subsetOf } from './subsets.ts'
import { zoneFactors, type Zoned } from './zones.ts'

/** What may be left out, for others are nearer, or for other workers. */
export interface Narrowable extends Ranked, Zoned {
  readonly key: string
  /** What it counts for now. */
  weight: number
}

type Settings = Pick<Cluster, 'zoneAware' | 'subsetSize'>

/**
 * Has a worker prefer its zone and keep to its part of a large cluster, by weights: of who is left out they are 0, and of
 * the others so that each level of priority weighs what it did. Nobody is left out of a cluster without both settings.
 */
export class Narrowing<E extends Narrowable> {
  private readonly place: Place
  private readonly workers: number
  /** Of the members that these were made of. */
  private subset: ReadonlySet<string> | null = null
  private madeOf = ''

  constructor(place: Place, workers: number) {
    this.place = place
    this.workers = workers
  }

  isOf({ zoneAware, subsetSize = 0 }: Settings): boolean {
    return (zoneAware !== undefined && this.place.zone !== null) || (subsetSize > 0 && this.workers > 1)
  }

  /** `generation` is another one where `members` are others. With `panics` zones count for nothing, as with Envoy. */
  apply(
    levels: readonly Level<E>[],
    members: readonly E[],
    settings: Settings,
    generation: number,
    panics: boolean,
  ): void {
    this.makeSubset(members, settings, generation)
    for (const { endpoints } of levels) {
      const priority = endpoints[0]?.priority
      const level = members.filter(one => one.priority === priority)
      const factors = panics ? null : this.factorsOf(level, endpoints, settings)
      for (const near of factors === null ? [endpoints] : byZone(endpoints)) {
        const factor = factors?.get(near[0]!.zone) ?? 1
        for (const endpoint of near) endpoint.weight *= factor
        if (factor > 0) this.keepSubset(level, near, factors !== null)
      }
    }
  }

  private factorsOf(level: readonly E[], endpoints: readonly E[], { zoneAware }: Settings) {
    const { zone } = this.place
    return zoneAware === undefined || zone === null ? null : zoneFactors(level, endpoints, zone, zoneAware)
  }

  private makeSubset(members: readonly E[], { subsetSize = 0 }: Settings, generation: number): void {
    if (subsetSize === 0) {
      this.subset = null
      return
    }
    const madeOf = `${generation} ${subsetSize}`
    if (this.subset !== null && this.madeOf === madeOf) return
    const { place, workers } = this
    const covering = coverage(members.length, subsetSize, workers)
    const groups = Map.groupBy(members, ({ priority, zone }) => `${priority} ${zone}`)
    this.subset = new Set(
      [...groups.values()].flatMap(group => [
        ...subsetOf(
          group.map(({ key }) => key),
          covering,
          workers,
          place,
        ),
      ]),
    )
    this.madeOf = madeOf
  }

  /** Where less than half of what a worker has of them serves, it has all of them: others would bear less than it. */
  private keepSubset(level: readonly E[], near: readonly E[], sameZone: boolean): void {
    const { subset } = this
    if (subset === null || near.length === 0) return
    const { zone } = near[0]!
    const own = near.filter(({ key }) => subset.has(key))
    const meant = level.filter(one => subset.has(one.key) && (!sameZone || one.zone === zone)).length
    if (own.length * 2 < meant || own.length === 0) return
    const scale = weightOf(near) / weightOf(own)
    for (const endpoint of near) endpoint.weight *= subset.has(endpoint.key) ? scale : 0
  }
}

function byZone<E extends Zoned>(endpoints: readonly E[]): readonly (readonly E[])[] {
  return [...Map.groupBy(endpoints, ({ zone }) => zone).values()]
}

function weightOf(endpoints: readonly Zoned[]): number {
  return endpoints.reduce((sum, { declaredWeight }) => sum + declaredWeight, 0)
}
