import { PORTCULLIS } from '../../../model/kind.ts'
import type { PolicyTarget } from '../../../model/kinds/shapes.ts'
import { isSlip } from '../../../model/nearest.ts'
import type { FieldPath, Resource } from '../../../model/resource.ts'
import { keyOf, refKey, type Resources } from '../../../model/resources.ts'
import { policyName } from '../../../translation/policies.ts'
import { see } from '../../../translation/missing.ts'
import { API } from '../kinds/api.ts'
import { apiDefaults } from '../kinds/defaults.ts'
import { AuthenticationPolicy } from '../kinds/authentication-policy.ts'
import { Product } from '../kinds/product.ts'
import { closeApi, type ApiState, type ApiWorld } from './apis.ts'
import { isOfApi } from './policies.ts'

/** What protects an API that is not there: a Product, a policy. */
interface Stray {
  readonly by: Resource
  readonly path: FieldPath
  /** Of the API. */
  readonly name: string
}

type Policy = Resource<{ readonly spec: { readonly targetRefs: readonly PolicyTarget[] } }>

/**
 * Products and policies whose API is not there, and what they may mean (ADR 0072): the one API of their namespace whose
 * name theirs misses by a slip, and that no other of their kind is for; and, of Products and AuthenticationPolicies, any
 * at which nobody is asked who he is, since of those one has likely been renamed. What is refused is declared, and its
 * routes are closed for it.
 */
export class Strays {
  private readonly byNamespace: ReadonlyMap<string, readonly Stray[]>
  /** Of those the ones that miss the name of one API by a slip, with its key, which no other of their kind is for. */
  private readonly meant: ReadonlyMap<Stray, string>

  /** `stands`: whether a policy of this kind is for the API otherwise than by its name. */
  constructor(
    resources: Resources,
    policies: readonly Policy[],
    stands: (kind: string, api: API) => boolean,
  ) {
    const all = [...ofProducts(resources), ...ofPolicies(policies), ...ofBroken(resources)]
    const strays = all.filter(({ by, name }) => {
      const { namespace } = by.metadata
      return (
        resources.get(API, namespace, name) === undefined && resources.refusal(API, namespace, name) === null
      )
    })
    this.byNamespace = Map.groupBy(strays, ({ by }) => by.metadata.namespace)
    const named = new Set(all.map(({ by, name }) => `${by.kind} ${apiKey(by, name)}`))
    const apis = Map.groupBy(resources.all(API), ({ metadata }) => metadata.namespace)
    this.meant = new Map(
      strays.flatMap(stray => {
        const { by, name } = stray
        const near = (apis.get(by.metadata.namespace) ?? []).filter(
          api =>
            isSlip(name, api.metadata.name) &&
            !named.has(`${by.kind} ${keyOf(api)}`) &&
            !stands(by.kind, api),
        )
        return near.length === 1 ? [[stray, keyOf(near[0]!)]] : []
      }),
    )
  }

  /** Closes the API if something that has strayed may be for it, and answers whether. `isOpen`: nobody is asked there. */
  close(state: ApiState, isOpen: boolean, world: ApiWorld): boolean {
    const { api, covers, isClosed, name } = state
    const { lifecycle = apiDefaults.lifecycle } = api.body.spec
    if (covers.length === 0 || isClosed || lifecycle === 'Draft' || lifecycle === 'Retired') return false
    const strays = (this.byNamespace.get(api.metadata.namespace) ?? []).filter(
      stray => (isOpen && asks(stray)) || this.meant.get(stray) === keyOf(api),
    )
    const [first] = strays
    if (first === undefined) return false
    for (const { by, path, name: missing } of strays)
      closeApi(
        state,
        by,
        path,
        `protects API ${missing}, which is not there, and may mean API ${name}`,
        world,
      )
    const { by, name: missing } = first
    const what = `${by.kind} ${policyName(by)}${see({ position: by.at(first.path) })}`
    const open =
      isOpen && asks(first)
        ? 'no Product has it and no AuthenticationPolicy is for it'
        : `no other ${by.kind} is for it`
    const message = `${open}, and ${what} protects API ${missing}, which is not there and may be this one; closed: answered 500 (protection_missing)`
    world.report.bad(api, 'Enforced', [
      { reason: 'ProtectionMissing', path: ['metadata', 'name'], message, follows: true },
    ])
    return true
  }
}

/** Whether it has asked who somebody is: then the API that it was for is open without it. */
function asks({ by: { kind } }: Stray): boolean {
  return kind === Product.kind || kind === AuthenticationPolicy.kind
}

function apiKey({ metadata }: Resource, name: string): string {
  return refKey({ group: PORTCULLIS, kind: API.kind, namespace: metadata.namespace, name })
}

function ofProducts(resources: Resources): Stray[] {
  return resources
    .all(Product)
    .flatMap(by => by.body.spec.apis.map(({ name }, i) => ({ by, path: ['spec', 'apis', i], name })))
}

function ofPolicies(policies: readonly Policy[]): Stray[] {
  return policies.flatMap(by =>
    by.body.spec.targetRefs.flatMap((target, i) =>
      isOfApi(target) ? [{ by, path: ['spec', 'targetRefs', i], name: target.name }] : [],
    ),
  )
}

/** Of what is broken, and no version of it was good. */
function ofBroken({ unenforced }: Resources): Stray[] {
  return unenforced
    .filter(({ broken, known }) => broken && known)
    .flatMap(({ resource: by, targeting }) =>
      (targeting?.refs ?? []).filter(isOfApi).map(({ path, name }) => ({ by, path, name })),
    )
}
