import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { ruleQuery } from '../../api/queries.ts'
import type { Rule } from '../../../src/admin/shapes/rule.ts'
import { Answer, Empty } from '../../parts/answers.tsx'
import { OriginLink } from '../../parts/links.tsx'
import { Facts, Page, Panel } from '../../parts/page.tsx'
import { overviewTexts } from '../../texts/overview.ts'
import { routesTexts as t } from '../../texts/routes.ts'
import { Conditions } from '../conditions.tsx'
import { Met } from '../met.tsx'
import { Courses } from '../overview/courses.tsx'
import { hostText } from '../summaries.ts'
import { ActionPanel } from './action.tsx'

const here = getRouteApi('/routes/$')

export function RuleView() {
  const { _splat: id = '' } = here.useParams()
  const query = useQuery(ruleQuery(id))
  return (
    <Page
      title={id}
      about={t.about}
      actions={
        <Link className="button" to="/requests" search={{ route: id }}>
          {t.recent}
        </Link>
      }
    >
      <Answer query={query} missing={<Missing />}>
        {rule => <RuleBody rule={rule} />}
      </Answer>
    </Page>
  )
}

function Missing() {
  return (
    <Empty title={t.missing}>
      <p>{t.missingHint}</p>
      <Link to="/problems">{overviewTexts.allProblems}</Link>
    </Empty>
  )
}

function RuleBody({ rule }: { readonly rule: Rule }) {
  return (
    <>
      <Courses range="hour" about={{ route: rule.id }} />
      <div className="columns">
        <div className="stack wide">
          <ActionPanel rule={rule} />
          <Panel title={t.filters}>
            <Met rule={rule} />
          </Panel>
        </div>
        <div className="stack">
          <Panel title={t.rule}>
            <Facts
              rows={[
                [t.origin, <OriginLink key="origin" origin={rule.origin} />],
                [t.hostnames, hostText(rule.hostnames)],
                [t.matches, <Matches key="matches" rule={rule} />],
                [t.listeners, rule.listeners.join(', ')],
              ]}
            />
          </Panel>
          <Panel title={t.conditions}>
            <Conditions conditions={rule.conditions} />
          </Panel>
        </div>
      </div>
    </>
  )
}

function Matches({ rule }: { readonly rule: Rule }) {
  return (
    <ul className="tight">
      {rule.matches.map((match, i) => (
        <li key={i}>
          <code>{match.summary}</code>
        </li>
      ))}
    </ul>
  )
}
