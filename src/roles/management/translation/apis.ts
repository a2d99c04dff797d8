import type { FieldPath, Resource } from '../../../model/resource.ts'
import { keyOf } from '../../../model/resources.ts'
import { parentOf, policyName } from '../../../translation/policies.ts'
import type { Flaw } from '../../../translation/report.ts'
import type { ApiConfig } from '../catalog/api.ts'
import { API } from '../kinds/api.ts'
import { apiDefaults } from '../kinds/defaults.ts'
import type { Operation } from '../openapi/document.ts'
import { composedIn, type ComposedDocument, type ComposedWorld } from './composed.ts'
import { Covers, placesOf, type Cover } from './covers.ts'
import { farewellOf } from './deprecation.ts'
import { openApiOf, type FoundDocument } from './openapi.ts'
import { originOf } from './origin.ts'

export type ApiWorld = ComposedWorld

/** One API while a translation runs. */
export interface ApiState {
  readonly api: API
  /** `default/petstore` */
  readonly name: string
  readonly covers: readonly Cover[]
  /** Null where it has no document that can be read. */
  readonly document: FoundDocument | ComposedDocument | null
  readonly operations: readonly Operation[] | null
  /** Whether it has one that cannot be read, and is closed. */
  readonly isClosed: boolean
}

/** All APIs, the oldest first, by their keys; with their conditions. */
export function apisOf(world: ApiWorld, isProtected: (api: API) => boolean): ReadonlyMap<string, ApiState> {
  const covers = new Covers(world, isProtected)
  return new Map(world.resources.all(API).map(api => [keyOf(api), stateOf(api, covers.of(api), world)]))
}

function stateOf(api: API, covers: readonly Cover[], world: ApiWorld): ApiState {
  const ref = api.body.spec.openapi?.compositionRef
  const found = ref === undefined ? openApiOf(api, world.resources) : composedIn(api, ref, covers, world)
  const isAwaited = ref !== undefined && found === null
  const isFlawed = found !== null && 'reason' in found
  const document = isFlawed ? null : found
  const state = {
    api,
    name: policyName(api),
    covers,
    document,
    operations: document?.operations ?? null,
    isClosed: isFlawed || isAwaited,
  }
  if (isFlawed) closeUndocumented(state, found, world)
  else if (isAwaited) closeAwaiting(state, world)
  else if (document !== null && document.path.at(-1) !== 'document')
    for (const { attachment } of covers)
      world.report.good(api, 'ResolvedRefs', 'ResolvedRefs', resolvedText(document), {
        parent: parentOf(attachment),
      })
  return state
}

function resolvedText(document: FoundDocument | ComposedDocument): string {
  if (!('composition' in document)) return 'every reference is resolved'
  const { composition, count, operations } = document
  const part = operations.length === count ? `the ${count}` : `${operations.length} of the ${count}`
  return `has ${part} operation${count === 1 ? '' : 's'} of Composition ${composition}`
}

/** For the moments until its code is loaded: there is nothing to say, and nobody could tell which operation a request is for. */
function closeAwaiting({ api, covers }: ApiState, { closing }: ApiWorld): void {
  const origin = originOf(api, ['spec', 'openapi', 'compositionRef'])
  for (const cover of covers) for (const at of placesOf(cover)) closing.places.push({ at, origin })
}

/** Limits and rights may be by operation: nobody could tell which one a request is for. */
function closeUndocumented(state: ApiState, flaw: Flaw, world: ApiWorld): void {
  const { api, covers } = state
  for (const { attachment, scope } of covers) {
    const message = `${flaw.message}; ${scope.what}, whose operations are not known without it, is closed: answered 500 (protection_missing)`
    world.report.bad(api, 'ResolvedRefs', [{ ...flaw, message }], { parent: parentOf(attachment) })
  }
  closeApi(state, api, flaw.path, 'covers it and has no document', world)
}

/** Everything that an API covers is not to be served, since `by` is not in force, and `why` says so behind its name. */
export function closeApi(
  { covers }: ApiState,
  by: Resource,
  path: FieldPath,
  why: string,
  { closing }: ApiWorld,
): void {
  const message = `${by.kind} ${policyName(by)} ${why}; answered 500 (protection_missing)`
  for (const cover of covers)
    for (const at of placesOf(cover))
      closing.close({ ...cover.scope, at }, originOf(by, path), { message, follows: true })
}

/** What tells requests of an API from others. */
export function apiFilter({ api, name, operations, document }: ApiState, world: ApiWorld): ApiConfig {
  const {
    version = apiDefaults.version,
    lifecycle = apiDefaults.lifecycle,
    basePath = apiDefaults.basePath,
  } = api.body.spec
  const deprecation = farewellOf(api, world.resources, world.report)
  return {
    type: 'api',
    origin: originOf(api, ['spec']),
    api: name,
    version,
    basePath,
    operations: operations ?? [],
    routes: document !== null && 'routes' in document ? document.routes : null,
    lifecycle,
    deprecation,
  }
}
