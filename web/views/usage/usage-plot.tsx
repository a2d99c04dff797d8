import { useMemo } from 'react'
import type { Usage, UsageItem } from '../../../src/api/shapes/usage.ts'
import { count, UNKNOWN } from '../../format.ts'
import type { Line } from '../../parts/drawing.ts'
import { Plot } from '../../parts/plot.tsx'
import { usageTexts as t } from '../../texts/usage.ts'
import { ranges, stepsOf, type Range } from './range.ts'

const format = (value: number | null): string => (value === null ? UNKNOWN : count(value))

/** Sums of each step. */
export function UsagePlot({ usage, range }: { readonly usage: Usage; readonly range: Range }) {
  const { at, lines } = useMemo(() => courseOf(usage, range), [usage, range])
  return <Plot label={t.plot} at={at} lines={lines} format={format} dated={range !== 'hour'} />
}

function courseOf({ items, from, to }: Usage, range: Range) {
  const at = stepsOf(ranges[range].step, from, to)
  const found = new Map(items.map(item => [Date.parse(item.at ?? ''), item]))
  const valuesOf = (of: (item: UsageItem) => number) =>
    at.map(time => {
      const item = found.get(Date.parse(time))
      return item === undefined ? 0 : of(item)
    })
  const lines: readonly Line[] = [
    { name: t.requests, values: valuesOf(item => item.requests), colour: '--plot-1', filled: true },
    { name: t.errors, values: valuesOf(item => item.errors), colour: '--plot-2', filled: true },
    { name: t.denied, values: valuesOf(item => item.denied), colour: '--plot-3' },
    { name: t.overQuota, values: valuesOf(item => item.overQuota), colour: '--plot-4' },
  ]
  return { at, lines }
}
