import { createHash } from 'node:crypto'
import { HTTPRoute } from '../../../../model/kinds/http-route.ts'
import type { Resources } from '../../../../model/resources.ts'
import type { Attachment } from '../../../../snapshot/contribution.ts'
import type { RowValue } from '../../../../shared/table-writer.ts'
import { Namespaces } from '../../../../translation/namespaces.ts'
import type { PublishedConfig, PublishedDocument } from '../../catalog/published.ts'
import { apiDefaults } from '../../kinds/defaults.ts'
import { instantMs } from '../../kinds/instants.ts'
import type { PublishedRow } from '../../rows.ts'
import type { ApiState, ApiWorld } from '../apis.ts'
import { ruleId } from '../covers.ts'
import { firstPath } from '../deprecation.ts'
import { originOf } from '../origin.ts'
import type { Products } from '../products.ts'
import { isPublic, ORIGIN, piecesIn, piecesOf, type Standing } from './document.ts'
import { CATALOG_PATH, LINKSET, linksetOf, type CatalogEntry } from './linkset.ts'
import { originAt, servedAt, takes, type ServedAt } from './served-at.ts'

/** What the Admin API tells of an API, by NAMESPACE/NAME. */
export interface PublishedApi {
  /** Null where the catalog has it not: no Public product has it, or it is not served. */
  readonly entry: CatalogEntry | null
  /** Origin by which it is reached, or "" where it is not served. */
  readonly origin: string
  /** Of its document, with the origin between each two; null where it has none. */
  readonly pieces: readonly string[] | null
  /** Ids of its operations; none where it has no document. */
  readonly operations: readonly string[]
}

export type PublishedApis = Readonly<Record<string, PublishedApi>>

export interface Publication {
  readonly attach: readonly Attachment[]
  readonly rows: ReadonlyMap<string, RowValue>
  readonly apis: PublishedApis
}

/** One API while this is made. */
interface Published extends PublishedApi {
  readonly state: ApiState
  readonly places: readonly ServedAt[]
  /** Where its document is served, or null. */
  readonly path: string | null
}

/** What clients are told of APIs: by listeners, for all hosts where these are served, and by the Admin API. */
export function publish(
  apis: readonly ApiState[],
  products: Products,
  standing: Standing,
  world: ApiWorld,
): Publication {
  const namespaces = new Namespaces(world.resources)
  const all = apis.map(state => publishedOf(state, products, standing, namespaces, world))
  const naming = new Naming(world.resources)
  const rows = new Map<string, RowValue>()
  const attach = [...new Map(all.flatMap(({ places }) => places.map(one => [one.listener, one])))]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([listener, place]) => ofListener(listener, place, all, naming, rows, world))
  const told = all.map(({ state, entry, origin, pieces, operations }) => [
    state.name,
    { entry, origin, pieces, operations },
  ])
  return { attach, rows, apis: Object.fromEntries(told) as PublishedApis }
}

function publishedOf(
  state: ApiState,
  products: Products,
  standing: Standing,
  namespaces: Namespaces,
  world: ApiWorld,
): Published {
  const { api } = state
  const { lifecycle = apiDefaults.lifecycle, basePath = apiDefaults.basePath, openapi } = api.body.spec
  const offers = products.of(api)
  const isOpen = offers.some(isPublic)
  const isThere = lifecycle === 'Published' || lifecycle === 'Deprecated'
  const places = isThere && !state.isClosed ? servedAt(state, world, namespaces) : []
  const pieces = piecesOf(state, offers, standing)
  const at = openapi?.servedAt ?? (isOpen ? '/openapi.json' : '')
  const isItsOwn = state.operations?.some(one => one.method === 'GET' && one.template === at) ?? true
  const isPrivate = offers.length > 0 && !isOpen
  const path = at === '' || isItsOwn || isPrivate ? null : basePath + at
  const entry = isOpen && places.length > 0 ? entryOf(state, path, world.resources) : null
  const operations = state.operations?.map(({ id }) => id) ?? []
  return { state, places, path, entry, pieces, operations, origin: originAt(places) }
}

function entryOf({ api, name }: ApiState, path: string | null, resources: Resources): CatalogEntry {
  const { title, version, basePath, documentation, deprecation } = api.body.spec
  const { namespace } = api.metadata
  return {
    name,
    title: title ?? api.metadata.name,
    version: version ?? apiDefaults.version,
    href: ORIGIN + (basePath === undefined || basePath === '' ? firstPath(api, resources) : basePath),
    openapi: path === null ? null : `${ORIGIN}${path}`,
    documentation: documentation ?? null,
    successor: deprecation?.successor === undefined ? null : `${namespace}/${deprecation.successor}`,
    deprecation:
      deprecation === undefined
        ? null
        : {
            since: dated(deprecation.since),
            sunset: deprecation.sunset === undefined ? null : dated(deprecation.sunset),
            documentation: deprecation.documentation ?? null,
          },
  }
}

function dated(instant: string): string {
  return new Date(instantMs(instant) ?? 0).toISOString()
}

/** What one listener answers itself. */
function ofListener(
  listener: string,
  { spec }: ServedAt,
  all: readonly Published[],
  naming: Naming,
  rows: Map<string, RowValue>,
  world: ApiWorld,
): Attachment[] {
  const here = all.flatMap(one => {
    const hostnames = one.places.find(place => place.listener === listener)?.hostnames ?? []
    const isShown = one.entry !== null || one.path !== null
    return isShown && hostnames.length > 0 ? [{ one, hostnames }] : []
  })
  const served = openApis(here, naming, rows, `${spec.port}`, world)
  const shown = new Set(served.map(({ row }) => row))
  const documents = [...catalogs(here, shown, naming, rows), ...served]
  const [first] = here
  if (documents.length === 0 || first === undefined) return []
  const filter: PublishedConfig = {
    type: 'published',
    origin: originOf(first.one.state.api, ['spec']),
    documents,
  }
  return [{ at: { listener }, filter }]
}

interface Here {
  readonly one: Published
  readonly hostnames: readonly string[]
}

/** One for each host: of all that is served there. `shown` are the rows of documents that are. */
function catalogs(
  here: readonly Here[],
  shown: ReadonlySet<string>,
  naming: Naming,
  rows: Map<string, RowValue>,
): PublishedDocument[] {
  const listed = here.flatMap(({ one: { entry }, hostnames }) => {
    if (entry === null) return []
    return [{ entry: shown.has(documentRow(entry.name)) ? entry : { ...entry, openapi: null }, hostnames }]
  })
  const hostnames = [...new Set(listed.flatMap(one => one.hostnames))].toSorted()
  return hostnames.map(hostname => {
    const entries = listed
      .filter(one => one.hostnames.some(own => takes(own, hostname)))
      .map(({ entry }) => entry)
    const pieces = piecesIn(JSON.stringify(linksetOf(`${ORIGIN}${CATALOG_PATH}`, entries)))
    const key = entries.map(({ name, openapi }) => (openapi === null ? `${name}*` : name)).join(' ')
    const row = put(rows, `catalog ${key}`, { type: LINKSET, pieces, links: [CATALOG_LINK] })
    return { hostname, path: CATALOG_PATH, row, routes: naming.of(CATALOG_PATH) }
  })
}

function documentRow(api: string): string {
  return `openapi ${api}`
}

const CATALOG_LINK = `<${CATALOG_PATH}>; rel="api-catalog"`

/** Of two at one place the elder has it. */
function openApis(
  here: readonly Here[],
  naming: Naming,
  rows: Map<string, RowValue>,
  port: string,
  { report }: ApiWorld,
): PublishedDocument[] {
  const taken = new Map<string, ApiState>()
  return here.flatMap(({ one: { state, path, pieces }, hostnames }) => {
    if (path === null || pieces === null) return []
    return hostnames.flatMap(hostname => {
      const elder = taken.get(`${hostname} ${path}`)
      if (elder !== undefined) {
        report.doubt(state.api, {
          severity: 'warning',
          reason: 'DocumentPathTaken',
          path: ['spec', 'openapi'],
          message: `its document is not served: ${path} of ${hostname === '' ? `port ${port}` : hostname} is that of API ${elder.name}; expected another servedAt, or basePath`,
        })
        return []
      }
      taken.set(`${hostname} ${path}`, state)
      const row = put(rows, documentRow(state.name), { type: 'application/json', pieces, links: [] })
      return [{ hostname, path, row, routes: naming.of(path) }]
    })
  })
}

function put(rows: Map<string, RowValue>, key: string, row: Omit<PublishedRow, 'etag'>): string {
  if (!rows.has(key)) {
    const hash = createHash('sha256').update(row.pieces.join('\0')).digest('base64url')
    rows.set(key, { ...row, etag: `"${hash.slice(0, 22)}"` })
  }
  return key
}

/** The rules of routes that name a path as it is: what they do with it is their user's will. */
class Naming {
  private readonly resources: Resources
  private readonly known = new Map<string, readonly string[]>()

  constructor(resources: Resources) {
    this.resources = resources
  }

  of(path: string): readonly string[] {
    let found = this.known.get(path)
    if (found === undefined) this.known.set(path, (found = this.find(path)))
    return found
  }

  private find(path: string): readonly string[] {
    return this.resources
      .all(HTTPRoute)
      .flatMap(route =>
        (route.body.spec.rules ?? []).flatMap(({ matches = [] }, i) =>
          matches.some(match => match.path?.value === path && match.path.type !== 'RegularExpression')
            ? [ruleId(route, i)]
            : [],
        ),
      )
  }
}
