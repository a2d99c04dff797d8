import type { History, HistoryPoint } from '../../src/admin/shapes/figures.ts'
import type { Line } from '../parts/drawing.ts'
import { figuresTexts as t } from '../texts/figures.ts'

/** A history has sums of each step; plots have them per second. */
export function rateLines({ series, stepS }: History): readonly Line[] {
  const perSecond = (of: (point: HistoryPoint) => number | null) =>
    series.map(point => {
      const sum = of(point)
      return sum === null ? null : sum / stepS
    })
  return [
    {
      name: t.requests,
      values: perSecond(point => point.requests),
      colour: '--plot-1',
      filled: true,
    },
    { name: t.clientErrors, values: perSecond(point => point.clientErrors), colour: '--plot-3' },
    {
      name: t.serverErrors,
      values: perSecond(point => point.errors),
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
