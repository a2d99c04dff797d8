import { useState } from 'react'
import { useLive } from '../../api/figures.ts'
import type { Figures } from '../../../src/admin/shapes/figures.ts'
import { duration, percent, rate } from '../../format.ts'
import { RouteLink } from '../../parts/links.tsx'
import { Panel } from '../../parts/page.tsx'
import { Toggle } from '../../parts/toggle.tsx'
import { figuresTexts } from '../../texts/figures.ts'
import { overviewTexts } from '../../texts/overview.ts'
import { routesTexts } from '../../texts/routes.ts'

const MOST = 8

type RouteSums = Figures['routes'][number]

/** First by the share of errors, then by how slow the slowest are. */
const orders = {
  worst: (a: RouteSums, b: RouteSums) => share(b) - share(a) || (b.p99Ms ?? 0) - (a.p99Ms ?? 0),
  busiest: (a: RouteSums, b: RouteSums) => b.requestsPerS - a.requestsPerS,
}

export function RouteRanks() {
  const [order, setOrder] = useState<keyof typeof orders>('worst')
  const routes = [...useLive().routes.values()].toSorted(orders[order]).slice(0, MOST)
  const title = order === 'worst' ? overviewTexts.worst : overviewTexts.busiest
  return (
    <Panel
      title={title}
      className="wide"
      aside={
        <Toggle
          label={overviewTexts.sort}
          value={order}
          onChange={setOrder}
          options={[
            { value: 'worst', text: overviewTexts.worst },
            { value: 'busiest', text: overviewTexts.busiest },
          ]}
        />
      }
    >
      {routes.length === 0 ? <Silence /> : <RankTable title={title} routes={routes} />}
    </Panel>
  )
}

function RankTable({ title, routes }: { readonly title: string; readonly routes: readonly RouteSums[] }) {
  const most = Math.max(...routes.map(({ requestsPerS }) => requestsPerS))
  return (
    <table className="plain">
      <caption className="hidden">{title}</caption>
      <thead>
        <tr>
          <th scope="col">{overviewTexts.route}</th>
          <th scope="col" className="number">
            {routesTexts.rate}
          </th>
          <th scope="col" className="number">
            {routesTexts.errors}
          </th>
          <th scope="col" className="number tablet">
            {figuresTexts.p50}
          </th>
          <th scope="col" className="number">
            {figuresTexts.p99}
          </th>
        </tr>
      </thead>
      <tbody>
        {routes.map(sums => (
          <tr key={sums.id}>
            <th scope="row">
              <RouteLink id={sums.id} />
            </th>
            <td className="number">
              <meter className="bar" min={0} max={most} value={sums.requestsPerS} aria-hidden="true" />
              {rate(sums.requestsPerS)}
            </td>
            <td className={share(sums) > 0 ? 'number bad' : 'number'}>{percent(share(sums))}</td>
            <td className="number tablet">{duration(sums.p50Ms)}</td>
            <td className="number">{duration(sums.p99Ms)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function Silence() {
  return (
    <div className="silence">
      <p>{overviewTexts.noTraffic}</p>
      <p className="note">{overviewTexts.noTrafficHint}</p>
      <pre>curl -i http://127.0.0.1:8080/</pre>
    </div>
  )
}

function share({ errorsPerS, requestsPerS }: RouteSums): number {
  return requestsPerS === 0 ? 0 : errorsPerS / requestsPerS
}
