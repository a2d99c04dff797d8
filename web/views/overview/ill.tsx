import { useLive } from '../../api/figures.ts'
import { ClusterLink } from '../../parts/links.tsx'
import { Mark } from '../../parts/mark.tsx'
import { Panel } from '../../parts/page.tsx'
import { overviewTexts } from '../../texts/overview.ts'
import { liveHealth } from '../summaries.ts'

const MOST = 6

/** Clusters of which an endpoint does not serve. */
export function Ill() {
  const ill = [...useLive().clusters.values()]
    .filter(({ serving, endpoints, connectFailuresPerS }) => serving < endpoints || connectFailuresPerS > 0)
    .map(sums => ({ ...sums, health: liveHealth(sums) }))
  return (
    <Panel title={overviewTexts.ill}>
      {ill.length === 0 ? (
        <p className="well">
          <Mark tone="good">{overviewTexts.allWell}</Mark>
        </p>
      ) : (
        <ul className="lines">
          {ill
            .toSorted((a, b) => a.serving - b.serving)
            .slice(0, MOST)
            .map(({ name, health: { tone, text } }) => (
              <li key={name}>
                <ClusterLink name={name} />
                <Mark tone={tone === 'good' ? 'warn' : tone}>
                  {tone === 'good' ? overviewTexts.connectionsFail : text}
                </Mark>
              </li>
            ))}
        </ul>
      )}
    </Panel>
  )
}
