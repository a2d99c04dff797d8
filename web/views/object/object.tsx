import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { policyKinds } from '../../api/catalog.ts'
import { objectQuery } from '../../api/queries.ts'
import type { ObjectWhole } from '../../../src/admin/shapes/object.ts'
import { clock, date } from '../../format.ts'
import { Answer, Empty } from '../../parts/answers.tsx'
import { ClusterLink, objectParams, Place, RouteLink } from '../../parts/links.tsx'
import { Mark } from '../../parts/mark.tsx'
import { Facts, Page, Panel } from '../../parts/page.tsx'
import { objectTexts as t } from '../../texts/object.ts'
import { problemsTexts } from '../../texts/problems.ts'
import { useMay } from '../../api/me.ts'
import { declaredTexts } from '../../texts/declared.ts'
import { metTexts } from '../../texts/met.ts'
import { GatewayFilters } from '../met.tsx'
import { PolicyPanels } from '../policies/policy-panels.tsx'
import { Conditions } from '../conditions.tsx'
import { Yaml } from './yaml.tsx'

const here = getRouteApi('/objects/$group/$kind/$namespace/$name')

export function ObjectView() {
  const { group, kind, namespace, name } = here.useParams()
  const query = useQuery(objectQuery({ group, kind, namespace, name }))
  return (
    <Page
      title={`${kind}/${name}`}
      about={namespace}
      actions={query.data?.source === null ? <EditLink object={query.data} /> : undefined}
    >
      <Answer
        query={query}
        missing={
          <Empty title={t.missing}>
            <p>{t.missingHint}</p>
          </Empty>
        }
      >
        {object => <Body object={object} />}
      </Answer>
    </Page>
  )
}

/** Of one that stands in no file. */
function EditLink({ object }: { readonly object: ObjectWhole }) {
  const may = useMay()
  if (!may(object.role === 'management' ? 'apis:write' : 'routes:write')) return null
  return (
    <Link className="button" to="/apis/edit/$group/$kind/$namespace/$name" params={objectParams(object)}>
      {declaredTexts.edit}
    </Link>
  )
}

function Body({ object }: { readonly object: ObjectWhole }) {
  const { source, role, version, group, conditions, problems, usedBy, kind, held, since } = object
  return (
    <div className="columns">
      <Panel title={t.yaml} className="wide" aside={kind === 'Secret' ? t.secrets : undefined}>
        {object.yaml === null ? (
          <p className="note">{t.nothingInForce}</p>
        ) : (
          <Yaml text={object.yaml} label={t.yaml} />
        )}
      </Panel>
      <div className="stack">
        {(policyKinds as readonly string[]).includes(kind) ? <PolicyPanels object={object} /> : null}
        {kind === 'Gateway' ? (
          <Panel title={metTexts.gateway}>
            <GatewayFilters name={`${object.namespace}/${object.name}`} />
          </Panel>
        ) : null}
        <Panel title={t.about}>
          <Facts
            rows={[
              [t.source, source === null ? declaredTexts.inStore : <ReadOnly key="source" at={source} />],
              [t.version, group === '' ? version : `${group}/${version}`],
              [t.role, role],
              [
                t.held,
                held && since !== null
                  ? problemsTexts.heldSince(`${date(since)}, ${clock(since)}`)
                  : held
                    ? problemsTexts.held
                    : null,
              ],
            ]}
          />
        </Panel>
        {problems.length === 0 ? null : (
          <Panel title={t.problems}>
            <ul className="conditions">
              {problems.map(({ severity, message, hint, reason }, i) => (
                <li key={`${reason} ${i}`}>
                  <Mark tone={severity === 'error' ? 'bad' : severity === 'warning' ? 'warn' : 'quiet'}>
                    {problemsTexts.severities[severity]}
                  </Mark>
                  <span>
                    {message} {hint}
                  </span>
                </li>
              ))}
            </ul>
          </Panel>
        )}
        <Panel title={t.conditions}>
          {conditions.length === 0 ? (
            <p className="note">{t.noConditions}</p>
          ) : (
            <Conditions conditions={conditions} />
          )}
        </Panel>
        <Panel title={t.usedBy}>
          {usedBy.length === 0 ? (
            <p className="note">{t.notUsed}</p>
          ) : (
            <ul className="lines">
              {usedBy.map(user => (
                <li key={`${user.what} ${user.name} ${user.how}`}>
                  <User user={user} />
                  <span className="muted">{user.how}</span>
                </li>
              ))}
            </ul>
          )}
        </Panel>
      </div>
    </div>
  )
}

function ReadOnly({ at }: { readonly at: NonNullable<ObjectWhole['source']> }) {
  return (
    <>
      <Place at={at} />
      <small className="muted"> {declaredTexts.inFile}</small>
    </>
  )
}

function User({ user: { what, name } }: { readonly user: ObjectWhole['usedBy'][number] }) {
  switch (what) {
    case 'rule':
      return <RouteLink id={name} />
    case 'cluster':
      return <ClusterLink name={name} />
    case 'listener':
      return (
        <Link to="/routes" search={{ listener: name }}>
          {name}
        </Link>
      )
  }
}
