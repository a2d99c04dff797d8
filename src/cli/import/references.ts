import type { FieldPath } from '../../model/resource.ts'
import { type Faults, mapOf } from './faults.ts'

/** Fields whose values are data: a `$ref` in them refers to nothing. */
const DATA = new Set(['example', 'examples', 'default', 'enum', 'const', 'mapping', 'value'])

/**
 * Looks at every reference of a document. One within it that leads nowhere is an error. One to another file is told
 * once: what it leads to is not part of what is published.
 */
export function checkReferences(document: unknown, faults: Faults): void {
  const elsewhere: { readonly path: FieldPath; readonly target: string }[] = []
  walk(document, [], (path, target) => {
    if (!target.startsWith('#')) elsewhere.push({ path, target })
    else if (resolve(document, target) === undefined)
      faults.error(path, `"${target}" leads nowhere, expected a part of this document`)
  })
  const [first] = elsewhere
  if (first === undefined) return
  const files = new Set(elsewhere.map(({ target }) => target.split('#', 1)[0]))
  faults.warning(
    first.path,
    `refers to ${files.size === 1 ? `another file (${first.target})` : `${files.size} other files (${first.target}, …)`}, which will not be part of what is published; to have it in one: npx @redocly/cli bundle`,
  )
}

/** What a reference within the document (`#/components/schemas/Pet`) leads to; undefined where that is nothing. */
export function resolve(document: unknown, reference: string): unknown {
  if (reference === '#') return document
  // A name within a schema ($anchor of JSON Schema) is the schema's own business.
  if (!reference.startsWith('#/')) return null
  let value: unknown = document
  for (const token of reference.slice(2).split('/')) {
    const key = pointerKey(token)
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = (value as Readonly<Record<string, unknown>>)[key]
  }
  return value
}

/** RFC 6901 §6: encoded as in a URI fragment, then `~1` and `~0`. */
export function pointerKey(token: string): string {
  let text = token
  try {
    text = decodeURIComponent(token)
  } catch {
    // As it stands.
  }
  return text.replaceAll('~1', '/').replaceAll('~0', '~')
}

function walk(value: unknown, path: FieldPath, told: (path: FieldPath, target: string) => void): void {
  if (Array.isArray(value)) return value.forEach((item, i) => walk(item, [...path, i], told))
  const map = mapOf(value)
  if (map === null) return
  for (const [key, field] of Object.entries(map)) {
    const here = [...path, key]
    if (key === '$ref' && typeof field === 'string') told(here, field)
    else if (!isData(key, path)) walk(field, here, told)
  }
}

/** Whether what a key below this path has is data. A schema may have a property, and a document a component, of such a name. */
export const isData = (key: string, path: FieldPath): boolean => DATA.has(key) && !namesThings(path)

/** Whether the keys of what is there are names of the author's choice. */
function namesThings(path: FieldPath): boolean {
  const last = path.at(-1)
  return (
    last === 'properties' || last === 'patternProperties' || last === '$defs' || path.at(-2) === 'components'
  )
}
