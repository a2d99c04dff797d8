import { PORTCULLIS } from '../../../model/kind.ts'
import { proposal } from '../../../model/nearest.ts'
import type { FieldPath, Resource } from '../../../model/resource.ts'
import { keyOf, refKey, type Resources } from '../../../model/resources.ts'
import { missing } from '../../../translation/missing.ts'
import { policyName } from '../../../translation/policies.ts'
import { isFull, type Flaw } from '../../../translation/report.ts'
import { API } from '../kinds/api.ts'
import { Plan } from '../kinds/plan.ts'
import { Product } from '../kinds/product.ts'
import { closeApi, type ApiState, type ApiWorld } from './apis.ts'

/** What one Product opens of an API. */
export interface Offer {
  readonly product: Product
  /** `spec.apis[i]` */
  readonly path: FieldPath
  /** Null: all. */
  readonly operations: readonly string[] | null
}

/** The Products by the APIs that they have. */
export class Products {
  private readonly offers: ReadonlyMap<string, readonly Offer[]>

  constructor(resources: Resources) {
    const offers = resources.all(Product).flatMap(product =>
      product.body.spec.apis.map(({ name, operations = null }, i) => ({
        key: apiKey(product.metadata.namespace, name),
        offer: { product, path: ['spec', 'apis', i], operations },
      })),
    )
    const byApi = Map.groupBy(offers, ({ key }) => key)
    this.offers = new Map(
      [...byApi].map(([key, list]) => [key, list.map(({ offer }) => offer).toSorted(byName)]),
    )
  }

  /** In the order of their names, in which a request looks for one that it may have. */
  of(api: Resource): readonly Offer[] {
    return this.offers.get(keyOf(api)) ?? []
  }
}

function byName(a: Offer, b: Offer): number {
  return a.product.metadata.name < b.product.metadata.name ? -1 : 1
}

function apiKey(namespace: string, name: string): string {
  return refKey({ group: PORTCULLIS, kind: API.kind, namespace, name })
}

/** Says of each Product what it opens. One whose plan cannot be had closes its APIs: nobody could say how much is allowed. */
export function reportProducts(apis: ReadonlyMap<string, ApiState>, world: ApiWorld): void {
  for (const product of world.resources.all(Product)) {
    const flaws = planFlaws(product, world.resources)
    for (const [i, { name, operations }] of product.body.spec.apis.entries()) {
      const { namespace } = product.metadata
      const parent = { group: PORTCULLIS, kind: API.kind, namespace, name }
      const state = apis.get(refKey(parent))
      const path = ['spec', 'apis', i]
      if (state === undefined) {
        const absence = missing(world.resources, API, namespace, name)
        world.report.bad(product, 'Accepted', [{ reason: 'TargetNotFound', path, ...absence }], { parent })
        continue
      }
      world.report.good(product, 'Accepted', 'Accepted', openedText(state, operations), { parent })
      reportReferences(product, state, flaws, path, operations ?? [], world)
    }
    doubtPlans(product, world)
  }
}

function openedText({ name }: ApiState, operations: readonly string[] | undefined): string {
  return operations === undefined
    ? `opens API ${name}`
    : `opens ${operations.length} of the operations of API ${name}`
}

function planFlaws({ metadata: { namespace }, body: { spec } }: Product, resources: Resources): Flaw[] {
  const named = [
    ...(spec.plans ?? []).map(({ name }, i) => ({ name, path: ['spec', 'plans', i] })),
    ...(spec.anonymousPlan === undefined
      ? []
      : [{ name: spec.anonymousPlan.name, path: ['spec', 'anonymousPlan'] }]),
  ]
  return named.flatMap(({ name, path }) =>
    resources.get(Plan, namespace, name) === undefined
      ? [{ reason: 'PlanNotFound', path, ...missing(resources, Plan, namespace, name) }]
      : [],
  )
}

function reportReferences(
  product: Product,
  state: ApiState,
  plans: readonly Flaw[],
  path: FieldPath,
  operations: readonly string[],
  world: ApiWorld,
): void {
  const parent = {
    group: PORTCULLIS,
    kind: API.kind,
    namespace: product.metadata.namespace,
    name: state.api.metadata.name,
  }
  const [first] = plans
  if (first !== undefined) {
    const end = `API ${state.name}, which would be served without its limits, is closed instead: answered 500 (protection_missing)`
    closeApi(state, product, first.path, 'protects it and has a plan that is not there', world)
    const told = plans.map(flaw => ({ ...flaw, message: `${flaw.message}; ${end}` }))
    if (isFull(told)) world.report.bad(product, 'ResolvedRefs', told, { parent })
    return
  }
  const unknown = unknownOperations(state, operations, [...path, 'operations'])
  if (isFull(unknown)) world.report.bad(product, 'ResolvedRefs', unknown, { parent })
  else world.report.good(product, 'ResolvedRefs', 'ResolvedRefs', 'every reference is resolved', { parent })
}

/** They open nothing, and nothing else is opened in their place. */
function unknownOperations(
  { name, operations, isClosed }: ApiState,
  wanted: readonly string[],
  path: FieldPath,
): Flaw[] {
  if (operations === null)
    // Where it is closed for want of its document, that is told of the API.
    return wanted.length === 0 || isClosed
      ? []
      : [
          {
            reason: 'OperationNotFound',
            path,
            message: `API ${name} has no OpenAPI document, by which requests would be known to be for these: they open nothing`,
          },
        ]
  const ids = operations.map(({ id }) => id)
  return wanted.flatMap((id, i) =>
    ids.includes(id)
      ? []
      : [
          {
            reason: 'OperationNotFound',
            path: [...path, i],
            message: `API ${name} has no operation ${JSON.stringify(id)}${proposal(id, ids)}: it opens nothing`,
          },
        ],
  )
}

function doubtPlans(product: Product, { report }: ApiWorld): void {
  const { plans = [], anonymousPlan } = product.body.spec
  if (plans.length > 0 || anonymousPlan !== undefined) return
  report.doubt(product, {
    severity: 'error',
    reason: 'NoPlan',
    path: ['spec'],
    message: `has no plan by which anybody could have it: ${policyName(product)} opens its APIs to nobody, expected plans, or anonymousPlan`,
  })
}
