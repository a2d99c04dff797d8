import type { Endpoint } from '../../../src/admin/shapes/cluster.ts'
import { endpointName, rate, span } from '../../format.ts'
import { Mark } from '../../parts/mark.tsx'
import { backendsTexts as t } from '../../texts/backends.ts'
import { endpointTones } from '../summaries.ts'

export function Endpoints({ endpoints }: { readonly endpoints: readonly Endpoint[] }) {
  if (endpoints.length === 0) return <p className="note">{t.empty}</p>
  return (
    <section className="table-scroll short" aria-label={t.endpoints} tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">{t.address}</th>
            <th scope="col">{t.state}</th>
            <th scope="col" className="number">
              {t.rate}
            </th>
            <th scope="col" className="number">
              {t.weight}
            </th>
            <th scope="col" className="tablet">
              {t.reason}
            </th>
          </tr>
        </thead>
        <tbody>
          {endpoints.map(({ address, port, weight, requestsPerS, ...health }) => (
            <tr key={`${address} ${port}`}>
              <th scope="row">
                <code>{endpointName({ address, port })}</code>
              </th>
              <td>
                <Mark tone={endpointTones[health.state]}>{t.states[health.state]}</Mark>
              </td>
              <td className="number">{rate(requestsPerS)}</td>
              <td className="number">{weight}</td>
              <td className="tablet">{whyText(health)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

/** Why it is so, how many workers see it so, and until when. */
function whyText({
  state,
  reason,
  until,
  says,
  resolved,
}: Pick<Endpoint, 'state' | 'reason' | 'until' | 'says' | 'resolved'>): string {
  const parts = [
    reason ?? '',
    state === 'serving' || says.of < 2 || says.workers === says.of ? '' : t.says(says.workers, says.of),
    until === null ? '' : t.until(span((Date.parse(until) - Date.now()) / 1000)),
    resolved.length === 0 ? '' : resolved.map(({ address }) => address).join(', '),
  ]
  return parts.filter(text => text !== '').join(', ')
}
