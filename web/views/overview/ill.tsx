import { useLive } from '../../api/figures.ts'
import { ClusterLink } from '../../parts/links.tsx'
import { Mark } from '../../parts/mark.tsx'
import { Panel } from '../../parts/page.tsx'
import { texts } from '../../texts.ts'

const MOST = 6

/** Clusters of which an endpoint does not serve. */
export function Ill() {
  const ill = [...useLive().clusters.values()].filter(({ serving, endpoints }) => serving < endpoints)
  return (
    <Panel title={texts.overview.ill}>
      {ill.length === 0 ? (
        <p className="well">
          <Mark tone="good">{texts.overview.allWell}</Mark>
        </p>
      ) : (
        <ul className="lines">
          {ill
            .toSorted((a, b) => a.serving - b.serving)
            .slice(0, MOST)
            .map(({ name, serving, endpoints }) => (
              <li key={name}>
                <ClusterLink name={name} />
                <Mark tone={serving === 0 ? 'bad' : 'warn'}>
                  {texts.overview.serving(serving, endpoints)}
                </Mark>
              </li>
            ))}
        </ul>
      )}
    </Panel>
  )
}
