import { useQueries, useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { usePlatform } from '../../api/me.ts'
import { apiQuery, plansQuery, productsQuery, rulesOfRoute } from '../../api/catalog.ts'
import type { ApiLine } from '../../../src/api/shapes/catalog.ts'
import { Answer, Empty } from '../../parts/answers.tsx'
import { ObjectLink, Place, RouteLink } from '../../parts/links.tsx'
import { Mark } from '../../parts/mark.tsx'
import { Facts, Page, Panel } from '../../parts/page.tsx'
import { apisTexts as t } from '../../texts/apis.ts'
import { Conditions } from '../conditions.tsx'
import { ClosedMark, ClosedReasons } from '../closed-by.tsx'
import { Met } from '../met.tsx'
import { limitText } from '../limit-text.ts'
import { lifecycleTones, short } from './apis.tsx'

const here = getRouteApi('/apis/$namespace/$name')

export function ApiView() {
  const { namespace, name } = here.useParams()
  const query = useQuery(apiQuery(namespace, name))
  const isShown = usePlatform() === true
  return (
    <Page
      title={query.data?.title ?? name}
      about={query.data?.description ?? short(`${namespace}/${name}`)}
      actions={
        <Link className="button" to="/usage" search={{ api: `${namespace}/${name}` }}>
          {t.usage}
        </Link>
      }
    >
      <Answer
        query={query}
        missing={
          <Empty title={t.missing}>
            <p>{t.missingHint}</p>
          </Empty>
        }
      >
        {api => (
          <div className="columns">
            <div className="stack">
              <Products api={api} />
              {isShown ? <Rules api={api} /> : null}
            </div>
            <div className="stack">
              <About api={api} />
              <Panel title={t.conditions}>
                <Conditions conditions={api.conditions} />
              </Panel>
            </div>
          </div>
        )}
      </Answer>
    </Page>
  )
}

function About({ api }: { readonly api: ApiLine }) {
  const { namespace, name, version, lifecycle, basePath, routes, owner, source } = api
  const object = { group: 'portcullis.dev', kind: 'API', namespace, name }
  return (
    <Panel title={t.about}>
      <Facts
        rows={[
          [t.api, <ObjectLink key="api" object={object} />],
          [t.version, version],
          [
            t.lifecycle,
            <Mark key="life" tone={lifecycleTones[lifecycle]}>
              {t.lifecycles[lifecycle]}
            </Mark>,
          ],
          [t.base, basePath],
          [t.owner, owner],
          [t.routes, <RouteObjects key="routes" namespace={namespace} routes={routes} />],
          [t.written, source === null ? t.store : <Place key="source" at={source} />],
        ]}
      />
    </Panel>
  )
}

function RouteObjects({
  namespace,
  routes,
}: {
  readonly namespace: string
  readonly routes: readonly string[]
}) {
  return (
    <ul className="tight">
      {routes.map(route => {
        const [kind = '', name = ''] = route.split('/')
        return (
          <li key={route}>
            <ObjectLink object={{ group: 'gateway.networking.k8s.io', kind, namespace, name }} />
          </li>
        )
      })}
    </ul>
  )
}

/** Each product that has it, with its plans and how much they allow. */
function Products({ api }: { readonly api: ApiLine }) {
  const { data: products } = useQuery(productsQuery)
  const { data: plans } = useQuery(plansQuery)
  const of = products?.items.filter(({ namespace, name }) => api.products.includes(`${namespace}/${name}`))
  return (
    <Panel title={t.products}>
      {api.products.length === 0 ? <p className="note">{t.noProduct}</p> : null}
      <ul className="offers">
        {of?.map(product => {
          const { namespace, name } = product
          const own = product.apis.find(one => one.name === `${api.namespace}/${api.name}`)
          return (
            <li key={`${namespace}/${name}`}>
              <header>
                <ObjectLink object={{ group: 'portcullis.dev', kind: 'Product', namespace, name }} />
                <span className="muted">
                  {own?.operations === null || own === undefined ? t.all : own.operations.join(', ')}
                </span>
              </header>
              <ul className="lines">
                {product.plans.map(plan => {
                  const whole = plans?.items.find(one => `${one.namespace}/${one.name}` === plan)
                  return (
                    <li key={plan}>
                      <b>{short(plan)}</b>
                      <span>
                        {whole === undefined
                          ? ''
                          : whole.limits.length === 0
                            ? t.noLimits
                            : whole.limits.map(limitText).join('; ')}
                      </span>
                      {plan === product.anonymousPlan ? <Mark tone="accent">{t.withoutKey}</Mark> : null}
                      {whole?.approval === 'Manual' ? <Mark tone="quiet">{t.wantsApproval}</Mark> : null}
                    </li>
                  )
                })}
              </ul>
            </li>
          )
        })}
      </ul>
    </Panel>
  )
}

/** Rules of its routes, and the filters in their order: of each, which object put it there. */
function Rules({ api: { namespace, routes } }: { readonly api: ApiLine }) {
  const asked = useQueries({
    queries: routes.map(route => rulesOfRoute(route.replace('/', `/${namespace}/`))),
  })
  const rules = asked.flatMap(({ data }) => data?.items ?? [])
  if (asked.some(({ data }) => data === undefined)) return null
  return (
    <Panel title={t.filters}>
      {rules.length === 0 ? <p className="note">{t.noRules}</p> : null}
      {rules.map(rule => (
        <section key={rule.id} className="rule-filters" aria-label={rule.id}>
          <p>
            <RouteLink id={rule.id} /> <ClosedMark rule={rule} />
          </p>
          <ClosedReasons rule={rule} />
          <Met rule={rule} />
        </section>
      ))}
    </Panel>
  )
}
