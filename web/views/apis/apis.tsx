import { useQuery } from '@tanstack/react-query'
import { getRouteApi, lazyRouteComponent, Link } from '@tanstack/react-router'
import { Suspense } from 'react'
import { apisQuery, plansQuery, productsQuery } from '../../api/catalog.ts'
import type { ApiLine, PlanLine, ProductLine } from '../../../src/api/shapes/catalog.ts'
import { Answer, Empty, Waiting } from '../../parts/answers.tsx'
import { ObjectLink, Place } from '../../parts/links.tsx'
import { Mark, type Tone } from '../../parts/mark.tsx'
import { Page } from '../../parts/page.tsx'
import { ShortTable } from '../../parts/short-table.tsx'
import { Table, type Column } from '../../parts/table.tsx'
import { Toggle } from '../../parts/toggle.tsx'
import { apisTexts as t } from '../../texts/apis.ts'
import { Stored } from '../declared/stored.tsx'
import type { TemplateKind } from '../declared/templates.ts'
import { Writes } from '../records/writes.tsx'
import { declaredTexts } from '../../texts/declared.ts'
import { Closed } from '../records/closed.tsx'
import { limitText } from '../limit-text.ts'
import { Nothing } from './nothing.tsx'

const here = getRouteApi('/apis/')
/** Reads YAML, which the other lists do not need. */
const Policies = lazyRouteComponent(() => import('../policies/policies.tsx'), 'Policies')
type Tab = keyof typeof t.tabs
const tabs = Object.entries(t.tabs).map(([value, text]) => ({ value, text }))

export function Apis() {
  const { show = 'apis' } = here.useSearch()
  const navigate = here.useNavigate()
  return (
    <Page
      title={t.tabs[show as Tab] ?? t.title}
      filled
      actions={
        <>
          <Toggle
            label={t.shown}
            value={show}
            options={tabs}
            onChange={next => void navigate({ search: next === 'apis' ? {} : { show: next }, replace: true })}
          />
          <Writes needs={['apis:write', 'routes:write']} quiet>
            <Link className="button main" to="/apis/new" search={{ kind: kindOf(show) }}>
              {declaredTexts.new}
            </Link>
          </Writes>
        </>
      }
    >
      <Shown tab={show} />
    </Page>
  )
}

/** Which kind one begins with who makes something new. */
function kindOf(tab: string): TemplateKind {
  const kinds: Readonly<Partial<Record<string, TemplateKind>>> = {
    products: 'Product',
    plans: 'Plan',
    policies: 'AuthenticationPolicy',
  }
  return kinds[tab] ?? 'API'
}

function Shown({ tab }: { readonly tab: string }) {
  switch (tab) {
    case 'products':
      return <Products />
    case 'plans':
      return <Plans />
    case 'policies':
      return (
        <Closed needs="platform:read">
          <Suspense fallback={<Waiting />}>
            <Policies />
          </Suspense>
        </Closed>
      )
    case 'store':
      return (
        <Closed needs={['apis:write', 'routes:write']}>
          <Stored />
        </Closed>
      )
    default:
      return <ApiTable />
  }
}

function ApiTable() {
  const query = useQuery(apisQuery)
  return (
    <Answer query={query}>
      {({ items }) =>
        items.length === 0 ? (
          <Empty title={t.nothing}>
            <p>{t.nothingHint}</p>
            <pre>{t.command}</pre>
          </Empty>
        ) : (
          <Table label={t.title} columns={apiColumns} rows={items} rowKey={nameOf} />
        )
      }
    </Answer>
  )
}

function Products() {
  const query = useQuery(productsQuery)
  return (
    <Answer query={query}>
      {({ items }) =>
        items.length === 0 ? (
          <Nothing of="products" />
        ) : (
          <Table label={t.products} columns={productColumns} rows={items} rowKey={nameOf} />
        )
      }
    </Answer>
  )
}

function Plans() {
  const query = useQuery(plansQuery)
  return (
    <Answer query={query}>
      {({ items }) => (items.length === 0 ? <Nothing of="plans" /> : <PlanTable plans={items} />)}
    </Answer>
  )
}

/** Limits are read as a whole, so its rows are as high as they need to be. */
function PlanTable({ plans }: { readonly plans: readonly PlanLine[] }) {
  return <ShortTable label={t.plans} columns={planColumns} rows={plans} rowKey={nameOf} className="plans" />
}

type Line = ApiLine | ProductLine | PlanLine
const nameOf = ({ namespace, name }: Pick<Line, 'namespace' | 'name'>) => `${namespace}/${name}`

/** Names of namespace default need not say it. */
export const short = (name: string): string => name.replace(/^default\//, '')

export const lifecycleTones: Readonly<Record<ApiLine['lifecycle'], Tone>> = {
  Draft: 'quiet',
  Published: 'good',
  Deprecated: 'warn',
  Retired: 'bad',
}

const state: Column<Line> = {
  title: t.state,
  width: 7,
  from: 'tablet',
  cell: ({ conditions }) =>
    conditions.every(({ good }) => good) ? (
      <Mark tone="good">{t.well}</Mark>
    ) : (
      <Mark tone="bad">{t.ill}</Mark>
    ),
}
const written: Column<Line> = {
  title: t.written,
  width: 15,
  from: 'desk',
  cell: ({ source }) => (source === null ? t.store : <Place at={source} />),
}

function Listed({ names }: { readonly names: readonly string[] }) {
  const text = names.map(short).join(', ')
  return <span title={text}>{text}</span>
}

const apiColumns: readonly Column<ApiLine>[] = [
  {
    title: t.api,
    cell: ({ namespace, name, title }) => (
      <>
        <Link to="/apis/$namespace/$name" params={{ namespace, name }} title={`${namespace}/${name}`}>
          {short(`${namespace}/${name}`)}
        </Link>
        {title === name ? null : <small className="beside">{title}</small>}
      </>
    ),
  },
  { title: t.version, width: 5.5, cell: ({ version }) => version },
  {
    title: t.lifecycle,
    width: 7.5,
    cell: ({ lifecycle }) => <Mark tone={lifecycleTones[lifecycle]}>{t.lifecycles[lifecycle]}</Mark>,
  },
  { title: t.products, from: 'tablet', cell: ({ products }) => <Listed names={products} /> },
  { title: t.routes, from: 'desk', cell: ({ routes }) => <Listed names={routes} /> },
  state,
  written,
]

function Declared({
  kind,
  line: { namespace, name, title },
}: {
  readonly kind: string
  readonly line: Line
}) {
  return (
    <>
      <ObjectLink object={{ group: 'portcullis.dev', kind, namespace, name }} />
      {title === name ? null : <small className="beside">{title}</small>}
    </>
  )
}

const productColumns: readonly Column<ProductLine>[] = [
  { title: t.product, cell: line => <Declared kind="Product" line={line} /> },
  {
    title: t.tabs.apis,
    cell: ({ apis }) => (
      <Listed
        names={apis.map(({ name, operations }) =>
          operations === null ? name : `${name} (${t.operations(operations.length)})`,
        )}
      />
    ),
  },
  {
    title: t.plans,
    from: 'tablet',
    cell: ({ plans, anonymousPlan }) => (
      <Listed names={[...plans, ...(anonymousPlan === null ? [] : [t.anonymous(short(anonymousPlan))])]} />
    ),
  },
  { title: t.visibility, width: 7, from: 'desk', cell: ({ visibility }) => visibility.toLowerCase() },
  state,
  written,
]

const planColumns: readonly Column<PlanLine>[] = [
  { title: t.plan, width: 13, cell: line => <Declared kind="Plan" line={line} /> },
  { title: t.limits, cell: ({ limits }) => <Limits limits={limits} /> },
  { title: t.approval, width: 7.5, from: 'tablet', cell: ({ approval }) => t.approvals[approval] },
  { title: t.products, width: 9, from: 'desk', cell: ({ products }) => <Listed names={products} /> },
  state,
  written,
]

function Limits({ limits }: { readonly limits: readonly unknown[] }) {
  if (limits.length === 0) return t.noLimits
  return (
    <ul className="tight">
      {limits.map((limit, i) => (
        <li key={i}>{limitText(limit)}</li>
      ))}
    </ul>
  )
}
