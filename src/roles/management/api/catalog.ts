import { accessOf } from '../../../api/access.ts'
import type { Api } from '../../../api/api.ts'
import { conditionView } from '../../../api/condition-view.ts'
import { pageOf } from '../../../api/pages.ts'
import {
  ApiLine,
  ApiLines,
  CatalogParams,
  CatalogQuery,
  PlanLine,
  PlanLines,
  ProductLine,
  ProductLines,
} from '../../../api/shapes/catalog.ts'
import type { Resource } from '../../../model/resource.ts'
import { refKey, refOf } from '../../../model/resources.ts'
import { actorOf, type Actor } from '../access/actor.ts'
import { API } from '../kinds/api.ts'
import { apiDefaults, planDefaults, productDefaults } from '../kinds/defaults.ts'
import { Plan } from '../kinds/plan.ts'
import { Product } from '../kinds/product.ts'
import { missing } from './allow.ts'
import { opened } from './changes.ts'
import type { ManagementApi } from './context.ts'
import { objectScope, ownersOf } from './object-scope.ts'

const tags = ['catalog']

/** APIs, products and plans as they are in force, wherever they are declared. */
export function catalogRoutes(app: Api, api: ManagementApi): void {
  const config = { permission: 'catalog:read' } as const
  app.get(
    '/v1/apis',
    {
      config,
      schema: { summary: 'APIs in force', tags, querystring: CatalogQuery, response: { 200: ApiLines } },
    },
    async ({ raw, query }) => {
      const catalog = await catalogFor(api, actorOf(accessOf(raw)))
      return page(catalog.apis, query, one => apiLine(catalog, one))
    },
  )
  app.get(
    '/v1/apis/:namespace/:name',
    { config, schema: { summary: 'One API', tags, params: CatalogParams, response: { 200: ApiLine } } },
    async ({ raw, params }) => {
      const catalog = await catalogFor(api, actorOf(accessOf(raw)))
      return apiLine(catalog, found(catalog.apis, params, 'API'))
    },
  )
  app.get(
    '/v1/products',
    {
      config,
      schema: {
        summary: 'Products in force',
        tags,
        querystring: CatalogQuery,
        response: { 200: ProductLines },
      },
    },
    async ({ raw, query }) => {
      const catalog = await catalogFor(api, actorOf(accessOf(raw)))
      return page(catalog.products, query, one => productLine(catalog, one))
    },
  )
  app.get(
    '/v1/products/:namespace/:name',
    {
      config,
      schema: { summary: 'One product', tags, params: CatalogParams, response: { 200: ProductLine } },
    },
    async ({ raw, params }) => {
      const catalog = await catalogFor(api, actorOf(accessOf(raw)))
      return productLine(catalog, found(catalog.products, params, 'product'))
    },
  )
  app.get(
    '/v1/plans',
    {
      config,
      schema: { summary: 'Plans in force', tags, querystring: CatalogQuery, response: { 200: PlanLines } },
    },
    async ({ raw, query }) => {
      const catalog = await catalogFor(api, actorOf(accessOf(raw)))
      return page(catalog.plans, query, one => planLine(catalog, one))
    },
  )
  app.get(
    '/v1/plans/:namespace/:name',
    { config, schema: { summary: 'One plan', tags, params: CatalogParams, response: { 200: PlanLine } } },
    async ({ raw, params }) => {
      const catalog = await catalogFor(api, actorOf(accessOf(raw)))
      return planLine(catalog, found(catalog.plans, params, 'plan'))
    },
  )
}

/** What somebody may see of it, each by namespace and name. */
export interface Catalog {
  readonly api: ManagementApi
  readonly apis: readonly API[]
  readonly products: readonly Product[]
  readonly plans: readonly Plan[]
}

/** Public products are seen by everybody who has an account, and so are their APIs and plans. */
export async function catalogFor(api: ManagementApi, actor: Actor): Promise<Catalog> {
  const resources = api.declared()?.resources
  const maySee = (resource: Resource): boolean => actor.can('catalog:read', objectScope(api, resource))
  const all = resources?.all(Product) ?? []
  const subscribed = await subscribedBy(api, actor)
  const products = all.filter(
    one =>
      maySee(one) ||
      (one.body.spec.visibility ?? productDefaults.visibility) === 'Public' ||
      subscribed.has(nameOf(one)),
  )
  const shownApis = new Set(products.flatMap(one => one.body.spec.apis.map(({ name }) => beside(one, name))))
  const shownPlans = new Set(
    products.flatMap(one => (one.body.spec.plans ?? []).map(({ name }) => beside(one, name))),
  )
  const isDraft = ({ body }: API): boolean => body.spec.lifecycle === 'Draft'
  return {
    api,
    products: sorted(products),
    apis: sorted(
      (resources?.all(API) ?? []).filter(one => maySee(one) || (shownApis.has(nameOf(one)) && !isDraft(one))),
    ),
    plans: sorted((resources?.all(Plan) ?? []).filter(one => maySee(one) || shownPlans.has(nameOf(one)))),
  }
}

/** Names of the products that accounts of whoever asks have subscribed to. */
async function subscribedBy(api: ManagementApi, actor: Actor): Promise<ReadonlySet<string>> {
  const { everywhere, accounts } = actor.reach('subscriptions:read')
  if (everywhere || accounts.length === 0) return new Set()
  const { db } = await opened(api)
  const rows = await db
    .selectFrom('subscriptions')
    .innerJoin('applications', 'applications.id', 'subscriptions.application')
    .select('subscriptions.product')
    .distinct()
    .where('applications.account', 'in', accounts)
    .execute()
  return new Set(rows.map(({ product }) => product))
}

function page<R extends Resource, Item>(
  all: readonly R[],
  query: {
    readonly limit: number
    readonly cursor?: string
    readonly namespace?: string
    readonly q?: string
  },
  line: (resource: R) => Item,
) {
  const { namespace, q } = query
  const text = q?.toLowerCase()
  const wanted = all.filter(
    one =>
      (namespace === undefined || one.metadata.namespace === namespace) &&
      (text === undefined || `${nameOf(one)} ${titleOf(one)}`.toLowerCase().includes(text)),
  )
  const { items, next } = pageOf(wanted, query, nameOf)
  return { items: items.map(line), next }
}

export function found<R extends Resource>(
  all: readonly R[],
  { namespace, name }: { readonly namespace: string; readonly name: string },
  what: string,
): R {
  const one = all.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name)
  if (one === undefined) throw missing(`${what} ${namespace}/${name} in force`)
  return one
}

function headOf({ api }: Catalog, resource: Resource) {
  const { spec } = resource.body as { readonly spec: { readonly description?: string } }
  const { organization, team } = ownersOf(resource)
  const key = refKey(refOf(resource))
  const conditions = api.declared()?.conditions ?? []
  return {
    namespace: resource.metadata.namespace,
    name: resource.metadata.name,
    title: titleOf(resource),
    description: spec.description ?? '',
    organization,
    owner: team,
    source: resource.at([]),
    conditions: conditions.filter(({ about }) => refKey(about) === key).map(conditionView),
  }
}

function apiLine(catalog: Catalog, resource: API): ApiLine {
  const { version, lifecycle, basePath, routeRefs } = resource.body.spec
  return {
    ...headOf(catalog, resource),
    version: version ?? apiDefaults.version,
    lifecycle: lifecycle ?? apiDefaults.lifecycle,
    basePath: basePath ?? apiDefaults.basePath,
    routes: routeRefs.map(({ kind = 'HTTPRoute', name }) => `${kind}/${name}`),
    products: catalog.products
      .filter(one => one.body.spec.apis.some(({ name }) => beside(one, name) === nameOf(resource)))
      .map(nameOf),
  }
}

function productLine(catalog: Catalog, resource: Product): ProductLine {
  const { visibility, apis, plans = [], anonymousPlan } = resource.body.spec
  return {
    ...headOf(catalog, resource),
    visibility: visibility ?? productDefaults.visibility,
    apis: apis.map(({ name, operations }) => ({
      name: beside(resource, name),
      operations: operations ?? null,
    })),
    plans: plans.map(({ name }) => beside(resource, name)),
    anonymousPlan: anonymousPlan === undefined ? null : beside(resource, anonymousPlan.name),
  }
}

function planLine(catalog: Catalog, resource: Plan): PlanLine {
  const { approval, limits = [] } = resource.body.spec
  return {
    ...headOf(catalog, resource),
    approval: approval ?? planDefaults.approval,
    limits,
    products: catalog.products
      .filter(one => (one.body.spec.plans ?? []).some(({ name }) => beside(one, name) === nameOf(resource)))
      .map(nameOf),
  }
}

function titleOf({ body, metadata }: Resource): string {
  const { spec } = body as { readonly spec: { readonly title?: string } }
  return spec.title ?? metadata.name
}

export function nameOf({ metadata: { namespace, name } }: Resource): string {
  return `${namespace}/${name}`
}

function beside({ metadata }: Resource, name: string): string {
  return `${metadata.namespace}/${name}`
}

function sorted<R extends Resource>(all: readonly R[]): readonly R[] {
  return all.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
}
