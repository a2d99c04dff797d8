import { useQuery } from '@tanstack/react-query'
import { historyQuery } from '../../api/queries.ts'
import { Panel } from '../../parts/page.tsx'
import { overviewTexts } from '../../texts/overview.ts'
import { latencyLines, rateLines } from '../history-lines.ts'
import { duration, rate } from '../../format.ts'
import { Plot } from '../../parts/plot.tsx'
import { useMemo } from 'react'
import type { History } from '../../../src/admin/shapes/figures.ts'

interface Props {
  readonly range: 'hour' | 'day'
  readonly about?: { readonly route?: string; readonly cluster?: string }
}

/** Requests, errors and latency over an hour or a day: of all, of a route or of a cluster. */
export function Courses({ range, about = {} }: Props) {
  const { data } = useQuery(historyQuery(range, about))
  if (data !== undefined && data.series.length === 0) return <p className="note">{overviewTexts.noHistory}</p>
  return <Plots history={data ?? empty} />
}

const empty: History = { stepS: 10, series: [] }

function Plots({ history }: { readonly history: History }) {
  const at = useMemo(() => history.series.map(point => point.at), [history])
  const rates = useMemo(() => rateLines(history), [history])
  const latency = useMemo(() => latencyLines(history), [history])
  return (
    <div className="plots">
      <Panel title={overviewTexts.requests}>
        <Plot label={overviewTexts.requests} at={at} lines={rates} format={rate} />
      </Panel>
      <Panel title={overviewTexts.latency}>
        <Plot label={overviewTexts.latency} at={at} lines={latency} format={duration} />
      </Panel>
    </div>
  )
}
