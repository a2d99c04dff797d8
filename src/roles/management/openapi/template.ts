import { Rejection } from '../../../http/failures.ts'
import { canonicalPath, writtenPaths } from '../../../http/target.ts'

/**
 * A path of an OpenAPI document by its segments. Each is the literal texts around its parameters: one text where it has
 * none, ["", ""] of `{id}`, ["report-", ".pdf"] of `report-{id}.pdf`.
 */
export type Template = readonly (readonly string[])[]

/** The template of `/pets/{id}`, its literal text as canonical paths have it; or what is wrong with it. */
export function templateOf(path: string): Template | string {
  if (path.includes('?') || path.includes('#')) return 'has a query or a fragment, expected a path alone'
  const parameters = [...path.matchAll(/\{([^{}/]*)\}/g)].map(([, name = '']) => name)
  if (/[{}]/.test(path.replaceAll(/\{[^{}/]*\}/g, '')))
    return 'has a brace that no other one belongs to, expected parameters like {id}'
  if (parameters.includes('')) return 'has a parameter without a name, expected one like {id}'
  const twice = parameters.find((name, i) => parameters.indexOf(name) < i)
  if (twice !== undefined) return `has the parameter {${twice}} twice, expected it once`
  if (path.includes('}{'))
    return 'has two parameters with nothing between them, and nobody could tell where one ends'
  // A letter stands for each parameter, so that dots around it are not taken for steps up.
  const shown = canonicalPath(path.replaceAll(/\{[^{}/]*\}/g, 'x'), writtenPaths)
  if (shown instanceof Rejection) return `no request can have this path: ${shown.detail}`
  const segments = path.slice(1).split('/').map(literals)
  if (shown.split('/').length - 1 !== segments.length)
    return 'has "." or ".." as a segment, which requests never have'
  return segments
}

function literals(segment: string): readonly string[] {
  return segment.split(/\{[^{}/]*\}/).map(canonicalText)
}

/** As requests have it: `%c3%a9` is `%C3%A9`. */
function canonicalText(text: string): string {
  if (text === '' || text === '.' || text === '..') return text
  const canonical = canonicalPath(`/${text}`, writtenPaths)
  return typeof canonical === 'string' ? canonical.slice(1) : text
}

/** Equal for templates that take the same paths. */
export function shapeOf(template: Template): string {
  return template.map(texts => texts.join('{}')).join('/')
}
