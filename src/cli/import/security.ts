import { mapOf } from './faults.ts'
import type { Operation } from './operations.ts'

/** Where an API key is looked for: `{ header: X-API-Key }`. */
export type KeyPlace = Readonly<Record<string, string>>

type Schemes = readonly (readonly [name: string, scheme: Readonly<Record<string, unknown>>])[]

function schemesOf(document: Readonly<Record<string, unknown>>): Schemes {
  const declared = mapOf(mapOf(document['components'])?.['securitySchemes']) ?? {}
  return Object.entries(declared).flatMap(([name, value]) => {
    const scheme = mapOf(value)
    return scheme === null ? [] : [[name, scheme] as const]
  })
}

/** Of the document's schemes of type apiKey, each place once. */
export function keyPlaces(document: Readonly<Record<string, unknown>>): KeyPlace[] {
  const places = schemesOf(document).flatMap(([, { type, in: where, name }]) => {
    const known = where === 'header' || where === 'query' || where === 'cookie'
    return type === 'apiKey' && known && typeof name === 'string' ? [{ [where]: name }] : []
  })
  return [...new Map(places.map(place => [JSON.stringify(place).toLowerCase(), place])).values()]
}

/** `petstore_auth (oauth2)`: what is not by an API key. */
export function otherSchemes(document: Readonly<Record<string, unknown>>): string[] {
  return schemesOf(document)
    .filter(([, { type }]) => type !== 'apiKey')
    .map(
      ([name, { type, scheme }]) =>
        `${name} (${[type, scheme].filter(word => typeof word === 'string').join(' ')})`,
    )
}

/** Those whose own `security` is empty, or lets one in without any, in a document that has schemes. */
export function openOperations(
  document: Readonly<Record<string, unknown>>,
  operations: readonly Operation[],
): Operation[] {
  if (schemesOf(document).length === 0) return []
  const open = operations.filter(({ security }) => isOpen(security ?? document['security']))
  // A document that asks nothing of anybody leaves nothing open in particular.
  return open.length === operations.length ? [] : open
}

function isOpen(security: unknown): boolean {
  if (!Array.isArray(security)) return true
  return security.length === 0 || security.some(one => Object.keys(mapOf(one) ?? { x: 0 }).length === 0)
}
