import type { History } from '../api/shapes.ts'
import type { Line } from '../parts/drawing.ts'
import { texts } from '../texts.ts'

const t = texts.figures

/** A history has sums of each step; plots have them per second. */
export function rateLines({ series, stepS }: History): readonly Line[] {
  return [
    {
      name: t.requests,
      values: series.map(point => point.requests / stepS),
      colour: '--plot-1',
      filled: true,
    },
    { name: t.clientErrors, values: series.map(point => point.clientErrors / stepS), colour: '--plot-3' },
    {
      name: t.serverErrors,
      values: series.map(point => point.errors / stepS),
      colour: '--plot-2',
      filled: true,
    },
  ]
}

export function latencyLines({ series }: History): readonly Line[] {
  return [
    { name: t.p99, values: series.map(point => point.p99Ms), colour: '--plot-3' },
    { name: t.p50, values: series.map(point => point.p50Ms), colour: '--plot-1', filled: true },
  ]
}
