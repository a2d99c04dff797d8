import { routeFinder } from '../../../composition/manifest/route-finder.ts'
import { Composition } from '../../../model/kinds/composition.ts'
import { formatPath } from '../../../model/problem.ts'
import { memoized } from '../../../snapshot/memo.ts'
import { isComposition, type DeclaredApi, type DeclaredApis } from '../../../translation/compositions.ts'
import { missing } from '../../../translation/missing.ts'
import type { Flaw } from '../../../translation/report.ts'
import type { PolicyWorld } from '../../../translation/policy-target.ts'
import type { RouteOfOperation } from '../catalog/api.ts'
import { apiDefaults } from '../kinds/defaults.ts'
import type { API } from '../kinds/api.ts'
import { documentOf, type Operation } from '../openapi/document.ts'
import type { Cover } from './covers.ts'
import type { FoundDocument } from './openapi.ts'
import { reaching } from './reach.ts'

/** What policies need of the world, and what is known of the APIs of compositions. */
export interface ComposedWorld extends PolicyWorld {
  readonly composed: DeclaredApis
}

/** The document of a composition, and of its operations those that the routes of the API let through. */
export interface ComposedDocument extends FoundDocument {
  /** `default/home` */
  readonly composition: string
  /** How many it has. */
  readonly count: number
  readonly routes: readonly RouteOfOperation[]
}

type Manifest = NonNullable<DeclaredApi['manifest']>
type Ref = NonNullable<NonNullable<API['body']['spec']['openapi']>['compositionRef']>

const PATH = ['spec', 'openapi', 'compositionRef']

/** Null while its code has not been loaded for the first time; a flaw where it cannot be, or is not there. */
export function composedIn(
  api: API,
  ref: Ref,
  covers: readonly Cover[],
  { resources, composed }: ComposedWorld,
): ComposedDocument | Flaw | null {
  const { namespace } = api.metadata
  const name = ref.name ?? sentTo(covers, namespace)
  if (typeof name !== 'string') return name
  if (resources.get(Composition, namespace, name) === undefined)
    return {
      reason: 'InvalidCompositionRef',
      path: PATH,
      ...missing(resources, Composition, namespace, name),
    }
  const composition = `${namespace}/${name}`
  const known = composed.get(composition)
  if (known === undefined) return null
  const { manifest } = known
  if (manifest === null)
    return {
      reason: 'InvalidDocument',
      path: PATH,
      message: `Composition ${composition} cannot be loaded`,
      follows: true,
    }
  const { operations: all, routes, fault } = memoized(readings, manifest, read)
  if (fault !== null)
    return {
      reason: 'InvalidDocument',
      path: PATH,
      message: `the document of Composition ${composition}: ${fault}`,
    }
  const reached = all.filter(reaching(covers, api.body.spec.basePath ?? apiDefaults.basePath))
  // Where it is none, the routes or the base path are mistaken, and doubtUnreachable says so.
  const operations = reached.length === 0 ? all : reached
  return {
    document: manifest.openapi,
    path: PATH,
    operations,
    faults: [],
    composition,
    count: all.length,
    routes,
  }
}

/** The one composition that the rules of an API send to. */
function sentTo(covers: readonly Cover[], namespace: string): string | Flaw {
  const refs = covers.flatMap(({ route, rules }) =>
    rules.flatMap(rule =>
      (route.body.spec.rules?.[rule]?.backendRefs ?? []).filter(to =>
        isComposition({ group: to.group ?? '', kind: to.kind ?? 'Service' }),
      ),
    ),
  )
  const names = [...new Set(refs.map(to => `${to.namespace ?? namespace}/${to.name}`))]
  const [name = '', ...more] = names
  const flaw = (message: string): Flaw => ({ reason: 'InvalidCompositionRef', path: PATH, message })
  if (names.length === 0) return flaw('the routes of the API send to no Composition, expected name')
  if (more.length > 0)
    return flaw(
      `the routes of the API send to the Compositions ${names.join(', ')}, expected the name of one`,
    )
  return name.startsWith(`${namespace}/`)
    ? name.slice(namespace.length + 1)
    : flaw(`the routes of the API send to Composition ${name}, expected one of namespace ${namespace}`)
}

interface Reading {
  readonly operations: readonly Operation[]
  readonly routes: readonly RouteOfOperation[]
  readonly fault: string | null
}

/** A manifest stays the same object until the code is another. */
const readings = new WeakMap<Manifest, Reading>()

function read({ openapi, routes: all }: Manifest): Reading {
  const routes = all.map(({ kind, method, path, operationId, calls, transcoded }) => ({
    kind,
    method,
    path,
    operationId,
    calls: kind === 'transcoded' ? (calls?.map(call => ({ path: call.path })) ?? null) : null,
    ...(transcoded !== undefined && { transcoded }),
  }))
  const find = routeFinder(routes)
  const isFound = (route: RouteOfOperation) =>
    find(route.method, pathOf(route.path), route.kind === 'websocket') === route
  const [fault] = documentOf(openapi).faults
  return {
    // Of two that take the same requests one is never found, and of what passes (proxy) nothing is known.
    operations: routes
      .filter(route => route.kind !== 'proxy' && route.operationId !== '' && isFound(route))
      .map(({ operationId: id, method, path: template }) => ({ id, method, template })),
    routes,
    fault: fault === undefined ? null : `${formatPath(fault.path)}: ${fault.message}`,
  }
}

/** One that a template takes, and that no text of another has. */
function pathOf(template: string): string {
  return template.replaceAll(/\{[^{}=]*=([^{}]*)\}/g, '$1').replaceAll(/\{[^{}]*\}|\*\*?/g, '\0')
}
