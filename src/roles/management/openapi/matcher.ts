import type { Operation } from './document.ts'
import { templateOf } from './template.ts'

/** The id of the operation that a request is for, or "". */
export type OperationMatcher = (method: string, path: string) => string

/** What takes the rest of a path: the next segment as a literal first, then around a parameter, then as one. */
interface Node {
  readonly literals: Map<string, Node>
  readonly mixed: { readonly texts: readonly string[]; readonly node: Node }[]
  any: Node | null
  /** By method, where the path may end here. */
  ids: Map<string, string> | null
}

/**
 * Finds the operation of a method and a canonical path, as clients ask for it, below `basePath`. As OpenAPI has it, a
 * literal segment goes before a parameter; where the literal one lacks the method, the parameter has it, for so do
 * the routers of backends. HEAD is its GET where the document has no HEAD. A path that a backend may read in two ways
 * (%2F, %5C, /..;) is of no operation; empty segments and a slash at the end that the document does not have change
 * nothing.
 */
export function operationMatcher(basePath: string, operations: readonly Operation[]): OperationMatcher {
  const root = newNode()
  /** Most paths have no parameter, and are found in one look-up. */
  const whole = new Map<string, ReadonlyMap<string, string>>()
  for (const { id, method, template } of operations) {
    const parsed = templateOf(template)
    if (typeof parsed === 'string') throw new Error(`${template}: ${parsed}`)
    const node = parsed.reduce(below, root)
    node.ids ??= new Map()
    node.ids.set(method, id)
    if (parsed.every(texts => texts.length === 1)) whole.set(`/${parsed.flat().join('/')}`, node.ids)
  }
  const find = (method: string, path: string): string | undefined =>
    whole.get(path)?.get(method) ?? walk(root, path, 1, method)
  const lenient = (method: string, path: string): string | undefined => {
    const merged = path.includes('//') ? path.replaceAll(/\/{2,}/g, '/') : path
    const other = merged.endsWith('/') ? merged.slice(0, -1) : `${merged}/`
    return (merged === path ? undefined : find(method, merged)) ?? find(method, other)
  }
  const either = (method: string, path: string): string | undefined =>
    find(method, path) ?? lenient(method, path)
  return (method, asked) => {
    const path = belowBase(asked, basePath)
    if (path === null || ambiguous.test(path)) return ''
    return either(method, path) ?? (method === 'HEAD' ? either('GET', path) : undefined) ?? ''
  }
}

/** As in exceptions of policies (src/filters/exceptions.ts). */
const ambiguous = /%2F|%5C|\/\.{1,2};/i

/** What of a path is below a base path; null where it is not. */
export function belowBase(path: string, basePath: string): string | null {
  if (basePath === '') return path
  if (!path.startsWith(basePath)) return null
  if (path.length === basePath.length) return '/'
  return path.charCodeAt(basePath.length) === 47 ? path.slice(basePath.length) : null
}

function newNode(): Node {
  return { literals: new Map(), mixed: [], any: null, ids: null }
}

function below(node: Node, texts: readonly string[]): Node {
  if (texts.length === 1) {
    const [literal = ''] = texts
    let next = node.literals.get(literal)
    if (next === undefined) node.literals.set(literal, (next = newNode()))
    return next
  }
  if (texts.every(text => text === '')) return (node.any ??= newNode())
  const known = node.mixed.find(one => one.texts.join('{}') === texts.join('{}'))
  if (known !== undefined) return known.node
  const next = newNode()
  node.mixed.push({ texts, node: next })
  // More of it written out is more specific.
  node.mixed.sort((a, b) => b.texts.join('').length - a.texts.join('').length)
  return next
}

/** `from` is where a segment begins. No node is met twice, so that the work is bounded by the document. */
function walk(node: Node, path: string, from: number, method: string): string | undefined {
  const slash = path.indexOf('/', from)
  const end = slash < 0 ? path.length : slash
  const segment = path.slice(from, end)
  const go = (next: Node): string | undefined =>
    slash < 0 ? next.ids?.get(method) : walk(next, path, end + 1, method)
  const literal = node.literals.get(segment)
  const found = literal === undefined ? undefined : go(literal)
  if (found !== undefined || segment === '') return found
  for (const { texts, node: next } of node.mixed) {
    const inside = fits(segment, texts) ? go(next) : undefined
    if (inside !== undefined) return inside
  }
  return node.any === null ? undefined : go(node.any)
}

/** Whether a segment is these texts with something between each two. */
export function fits(segment: string, texts: readonly string[]): boolean {
  if (texts.length === 1) return segment === texts[0]
  const first = texts[0]!
  const last = texts.at(-1)!
  if (!segment.startsWith(first) || !segment.endsWith(last)) return false
  let from = first.length
  for (const text of texts.slice(1, -1)) {
    const at = segment.indexOf(text, from + 1)
    if (at < 0) return false
    from = at + text.length
  }
  return segment.length - last.length > from
}
