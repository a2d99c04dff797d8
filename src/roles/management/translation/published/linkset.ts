/** An API as the catalog lists it (RFC 9727). */
export interface CatalogEntry {
  /** `default/petstore` */
  readonly name: string
  readonly title: string
  readonly version: string
  /** Where it begins. */
  readonly href: string
  readonly openapi: string | null
  readonly documentation: string | null
  /** The name of the API that takes its place. */
  readonly successor: string | null
  readonly deprecation: {
    readonly since: string
    readonly sunset: string | null
    readonly documentation: string | null
  } | null
}

interface Link {
  readonly href: string
  readonly [attribute: string]: string | readonly string[]
}

export const CATALOG_PATH = '/.well-known/api-catalog'

/** RFC 9727 §4 wants to be told by its profile. */
export const LINKSET = 'application/linkset+json; profile="https://www.rfc-editor.org/info/rfc9727"'

/** The catalog as a linkset in JSON (RFC 9264 §4.2): first all APIs as its items, then what there is about each. */
export function linksetOf(anchor: string, entries: readonly CatalogEntry[]): object {
  const item = entries.map(itemOf)
  return { linkset: [{ anchor, item }, ...entries.map(one => contextOf(one, entries))] }
}

/** Attributes that no RFC names are lists (RFC 9264 §4.2.4.3). */
function itemOf({ href, title, version, deprecation }: CatalogEntry): Link {
  return {
    href,
    title,
    version: [version],
    ...(deprecation === null ? {} : { deprecation: [deprecation.since] }),
    ...(deprecation?.sunset == null ? {} : { sunset: [deprecation.sunset] }),
  }
}

function contextOf(entry: CatalogEntry, all: readonly CatalogEntry[]): object {
  const { href: anchor, openapi, documentation, successor, deprecation } = entry
  const links = (relation: string, list: readonly Link[]): object =>
    list.length === 0 ? {} : { [relation]: list }
  const about = (href: string | null | undefined): Link[] => (href == null ? [] : [{ href }])
  const next = all.find(({ name }) => name === successor)
  return {
    anchor,
    ...links('service-desc', openapi === null ? [] : [{ href: openapi, type: 'application/json' }]),
    ...links('service-doc', about(documentation)),
    ...links('deprecation', about(deprecation?.documentation)),
    ...links('sunset', deprecation?.sunset == null ? [] : about(deprecation.documentation)),
    ...links('successor-version', about(next?.href)),
    ...links(
      'predecessor-version',
      all.filter(one => one.successor === entry.name).map(({ href }) => ({ href })),
    ),
  }
}
