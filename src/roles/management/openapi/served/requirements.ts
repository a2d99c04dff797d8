import { isObject, named, objectIn, type Json } from './json.ts'
import { placeOfScheme, type Alternative, type NamedScheme } from './security.ts'

type Requirement = Record<string, readonly string[]>

/**
 * Writes what the gateway asks for into a document. What the document asks for in the same place of a request was the
 * gateway's already; what it asks for elsewhere is the backend's business, and is to be brought besides.
 */
export class Requirements {
  private readonly own: readonly Requirement[]
  private readonly taken = new Set<string>()
  private readonly declared: unknown

  constructor(document: Json, alternatives: readonly Alternative[]) {
    this.declared = document['security']
    const schemes = objectIn(objectIn(document, 'components'), 'securitySchemes')
    const has31 = String(document['openapi']).startsWith('3.1')
    // Version 3.0 has no word for a client certificate.
    const said = has31 ? alternatives : alternatives.filter(one => one.every(isSayable))
    const places = new Set(said.flat().map(({ scheme }) => placeOfScheme(scheme)))
    for (const [name, scheme] of Object.entries(schemes))
      if (isObject(scheme) && places.has(placeOfScheme(scheme))) this.taken.add(name)
    for (const name of this.taken) delete schemes[name]
    this.own = said.map(one =>
      Object.fromEntries(one.map(scheme => [nameIn(schemes, scheme), scheme.scopes])),
    )
    if (this.own.length > 0) document['security'] = this.with(this.declared)
  }

  /** Of an operation that says something of its own. */
  write(operation: Json): void {
    if (this.own.length > 0 && operation['security'] !== undefined)
      operation['security'] = this.with(operation['security'])
  }

  private with(declared: unknown): Requirement[] {
    const alternatives = Array.isArray(declared) && declared.length > 0 ? declared.filter(isObject) : [{}]
    const others = alternatives.map(one => Object.entries(one).filter(([name]) => !this.taken.has(name)))
    const all = this.own.flatMap(own => others.map(other => ({ ...own, ...Object.fromEntries(other) })))
    return [...new Map(all.map(one => [JSON.stringify(one), one as Requirement])).values()]
  }
}

function isSayable({ scheme }: NamedScheme): boolean {
  return scheme.type !== 'mutualTLS'
}

function nameIn(schemes: Json, { name, scheme }: NamedScheme): string {
  return named(schemes, name, scheme)
}
