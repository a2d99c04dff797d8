import { NARROW, Series, WIDE, type Range, type SavedSeries } from './history.ts'
import { difference, ROUTE_CELLS, type Reading } from './reading.ts'
import { cellsOf, changed, type Change } from './rates.ts'
import type { HistoryPoint } from '../shapes/figures.ts'

/** So many routes, and so many clusters, have a history of their own: those with most requests. 26 KB each. */
const MOST = 100

/** What a history is asked for: all traffic, or one route or cluster. */
export interface Asked {
  readonly route?: string
  readonly cluster?: string
}

export interface SavedPast {
  readonly all: SavedSeries
  readonly routes: ReadonlyMap<string, SavedSeries>
  readonly clusters: ReadonlyMap<string, SavedSeries>
}

/** The last hour and the last day, of all traffic and of what had most of it. Its memory has a bound: 5 MB. */
export class Past {
  private readonly all = new Series(WIDE)
  private readonly routes = new Tracked()
  private readonly clusters = new Tracked()

  /** What went on between two readings, in the step of ten seconds that began at `atMs` (since 1970). */
  add(atMs: number, before: Reading, after: Reading): void {
    this.all.add(atMs, difference(before.totals, after.totals), {
      bytesIn: Math.max(0, after.bytesIn - before.bytesIn),
      bytesOut: Math.max(0, after.bytesOut - before.bytesOut),
      connections: [...after.ports.values()].reduce((sum, count) => sum + count, 0),
    })
    this.routes.add(atMs, changed(before.routes, after.routes))
    this.clusters.add(atMs, changed(before.clusters, after.clusters))
  }

  /** Null: it has no history of its own, for it had no request, or others had more. */
  points(range: Range, { route, cluster }: Asked, nowMs: number): HistoryPoint[] | null {
    const series =
      route !== undefined
        ? this.routes.get(route)
        : cluster !== undefined
          ? this.clusters.get(cluster)
          : this.all
    return series?.points(range, nowMs) ?? null
  }

  save(): SavedPast {
    return { all: this.all.save(), routes: this.routes.save(), clusters: this.clusters.save() }
  }

  /** Throws where it is something else. */
  restore({ all, routes, clusters }: SavedPast): void {
    this.all.restore(all)
    this.routes.restore(routes)
    this.clusters.restore(clusters)
  }
}

class Tracked {
  private readonly all = new Map<string, Series>()

  get(name: string): Series | undefined {
    return this.all.get(name)
  }

  add(atMs: number, changes: readonly Change[]): void {
    this.admit(changes.filter(({ name }) => !this.all.has(name)))
    const byName = new Map(changes.map(change => [change.name, change]))
    for (const [name, series] of this.all) {
      const change = byName.get(name)
      series.add(atMs, change === undefined ? nothing : cellsOf(change), null)
    }
  }

  save(): ReadonlyMap<string, SavedSeries> {
    return new Map([...this.all].map(([name, series]) => [name, series.save()]))
  }

  restore(saved: ReadonlyMap<string, SavedSeries>): void {
    for (const [name, one] of [...saved].slice(0, MOST)) {
      const series = new Series(NARROW)
      series.restore(one)
      this.all.set(name, series)
    }
  }

  /** Those with most requests have the free places first, and then those of whoever had fewer in the last hour. */
  private admit(newcomers: readonly Change[]): void {
    if (newcomers.length === 0) return
    const busiest = newcomers.toSorted((a, b) => b.requests - a.requests)
    const free = MOST - this.all.size
    const quietest =
      busiest.length > free
        ? [...this.all]
            .map(([name, { weight }]) => ({ name, weight }))
            .toSorted((a, b) => a.weight - b.weight)
        : []
    for (const [i, { name, requests }] of busiest.entries()) {
      if (i >= free) {
        const other = quietest[i - free]
        if (other === undefined || other.weight >= requests) return
        this.all.delete(other.name)
      }
      this.all.set(name, new Series(NARROW))
    }
  }
}

const nothing = new Float64Array(ROUTE_CELLS)
