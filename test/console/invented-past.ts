import { join } from 'node:path'
import { PastFile } from '../../src/admin/figures/past-file.ts'
import { Past } from '../../src/admin/figures/past.ts'
import {
  bounds,
  BUCKETS,
  CLIENT_ERRORS,
  ERRORS,
  REQUESTS,
  ROUTE_CELLS,
  type Reading,
} from '../../src/admin/figures/reading.ts'
import { log } from '../../src/telemetry/log.ts'

const STEP_MS = 10_000
const STEPS = 8_640

/** A day that the shop never had, where a gateway looks for what it kept: busy at noon, with some minutes of trouble. */
export async function inventPast(dataDir: string, routes: readonly string[]): Promise<void> {
  const past = new Past()
  const begin = Math.floor(Date.now() / STEP_MS) * STEP_MS - STEPS * STEP_MS
  let before = reading(new Float64Array(ROUTE_CELLS), new Map(), 0)
  for (let i = 0; i < STEPS; i++) {
    const totals = before.totals.slice()
    count(totals, STEPS - i)
    const ofRoutes = new Map(
      routes.map((id, k) => {
        const cells = before.routes.get(id)?.slice() ?? new Float64Array(ROUTE_CELLS)
        count(cells, STEPS - i + k * 40, 1 / (k + 2))
        return [id, cells]
      }),
    )
    const after = reading(
      totals,
      ofRoutes,
      before.bytesOut + (totals[REQUESTS]! - before.totals[REQUESTS]!) * 1_900,
    )
    past.add(begin + i * STEP_MS, before, after)
    before = after
  }
  await new PastFile(join(dataDir, 'figures'), log).save(past.save())
}

/** Adds ten seconds, so many steps before now. */
function count(cells: Float64Array, ago: number, share = 1): void {
  const wave = 520 + 150 * Math.sin(ago / 40) + 60 * Math.sin(ago / 9) + 30 * Math.sin(ago * 1.7)
  const requests = Math.round(wave * share)
  const trouble = ago > 95 && ago < 130
  const add = (cell: number, value: number) => (cells[cell] = (cells[cell] ?? 0) + value)
  add(REQUESTS, requests)
  add(CLIENT_ERRORS, Math.round(requests * 0.018))
  add(ERRORS, trouble ? Math.round(requests * 0.09) : 0)
  const slow = Math.round(requests * (trouble ? 0.05 : 0.02))
  add(bucketOf(0.004), Math.round(requests * 0.7))
  add(bucketOf(0.009), requests - Math.round(requests * 0.7) - slow)
  add(bucketOf(trouble ? 0.4 : 0.06 + 0.03 * Math.sin(ago / 25)), slow)
}

function bucketOf(seconds: number): number {
  const index = bounds.findIndex(bound => seconds <= bound)
  return BUCKETS + (index === -1 ? bounds.length : index)
}

function reading(totals: Float64Array, routes: ReadonlyMap<string, Float64Array>, bytesOut: number): Reading {
  return {
    atMs: 0,
    totals,
    routes,
    clusters: new Map(),
    states: new Map(),
    ports: new Map([['127.0.0.1:8080', 34]]),
    bytesIn: bytesOut / 12,
    bytesOut,
    rejections: 0,
    active: 3,
    cpuSeconds: 0,
  }
}
