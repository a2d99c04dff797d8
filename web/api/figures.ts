import { follows } from './follows.ts'
import { configurationChanged } from './queries.ts'
import { Store, useStore } from './store.ts'
import { follow } from './stream.ts'
import type { Figures } from '../../src/admin/shapes/figures.ts'

/** So many of the last seconds are kept for the small plots. */
const RECENT = 90

interface Live {
  /** The newest last. */
  readonly recent: readonly Figures[]
  readonly routes: ReadonlyMap<string, Figures['routes'][number]>
  readonly clusters: ReadonlyMap<string, Figures['clusters'][number]>
}

const nothing: Live = { recent: [], routes: new Map(), clusters: new Map() }
const live = new Store<Live>(nothing)

function take(figures: Figures): void {
  const before = live.get().recent.at(-1)
  if (before === undefined || !follows(before, figures)) configurationChanged()
  live.set({
    recent: [...live.get().recent.slice(1 - RECENT), figures],
    routes: new Map(figures.routes.map(sums => [sums.id, sums])),
    clusters: new Map(figures.clusters.map(sums => [sums.name, sums])),
  })
}

/** One stream for the whole page; what is returned ends it. */
export function followFigures(): () => void {
  const stop = follow('/v1/figures/stream', ({ event, data }) => {
    if (event === 'figures') take(JSON.parse(data) as Figures)
  })
  return () => {
    stop()
    live.set(nothing)
  }
}

export function useLive(): Live {
  return useStore(live)
}
