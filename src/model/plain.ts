import {
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type Document,
  type Node,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml'
import type { Mark, Under } from './marks.ts'

/** A YAML node as plain data. `size` counts its nodes with every alias written out. */
interface Plain {
  readonly value: unknown
  readonly under: Under
  readonly size: number
  /** What a merge key takes from it: itself where it is a map, its items where it is a list of maps. */
  readonly maps: readonly Fields[] | null
}

interface Fields {
  readonly value: Readonly<Record<string, unknown>>
  readonly under: ReadonlyMap<string, Mark>
}

const scalar = (value: unknown): Plain => ({ value, under: null, size: 1, maps: null })

/** Why a document that parses is still refused; `offset` is where. */
export class Refusal {
  readonly offset: number
  readonly message: string

  constructor(offset: number, message: string) {
    this.offset = offset
    this.message = message
  }
}

/** Deeper than any schema of ours, and far from the end of the stack. */
const MAX_DEPTH = 64
/**
 * How many nodes aliases may add to a document. "Billion laughs": nine lines of aliases to aliases write
 * out to 10^9 nodes, and validation walks them all.
 */
const MAX_ALIASED = 100_000

/**
 * Turns a parsed document into plain data and marks. Not the parser's own toJS: that one makes circular
 * objects of `&a [*a]`, and tells no positions inside of aliases and merge keys.
 */
export function toPlain(document: Document.Parsed): { value: unknown; mark: Mark } | Refusal {
  const root = document.contents
  if (root === null) return { value: null, mark: { offset: 0, under: null } }
  const made = new Converter().convert(root, 0)
  if (made instanceof Refusal) return made
  return { value: made.value, mark: { offset: offsetOf(root), under: made.under } }
}

class Converter {
  private readonly anchors = new Map<string, Plain>()
  private aliased = 0

  convert(node: unknown, depth: number): Plain | Refusal {
    if (depth > MAX_DEPTH)
      return new Refusal(offsetOf(node), `is nested too deeply, expected at most ${MAX_DEPTH} levels`)
    const made = this.make(node, depth)
    // Only after the node is whole: an alias inside of its own anchor finds nothing, and no circle comes about.
    if (!(made instanceof Refusal) && (isScalar(node) || isMap(node) || isSeq(node)) && node.anchor)
      this.anchors.set(node.anchor, made)
    return made
  }

  private make(node: unknown, depth: number): Plain | Refusal {
    if (isScalar(node)) return scalar(node.value ?? null)
    if (isMap(node)) return this.map(node, depth)
    if (isSeq(node)) return this.list(node, depth)
    if (isAlias(node)) return this.alias(node.source, offsetOf(node))
    return scalar(null)
  }

  private alias(name: string, offset: number): Plain | Refusal {
    const found = this.anchors.get(name)
    if (found === undefined)
      return new Refusal(
        offset,
        // Anchors may begin with a dot, but those who write one mean a wildcard: hostnames: [*.shop.example]
        name.startsWith('.')
          ? `a value that begins with "*" is an alias in YAML, expected it in quotes: "*${name}"`
          : `unknown alias "*${name}", expected an anchor "&${name}" before it`,
      )
    this.aliased += found.size
    if (this.aliased > MAX_ALIASED)
      return new Refusal(
        offset,
        `aliases write out to too much, expected at most ${MAX_ALIASED} values from aliases`,
      )
    return found
  }

  private list(node: YAMLSeq, depth: number): Plain | Refusal {
    const value: unknown[] = []
    const under: Mark[] = []
    const maps: Fields[] = []
    let size = 1
    for (const item of node.items) {
      const made = this.convert(item, depth + 1)
      if (made instanceof Refusal) return made
      value.push(made.value)
      under.push({ offset: offsetOf(item), under: made.under })
      size += made.size
      if (made.maps?.length === 1) maps.push(...made.maps)
    }
    return { value, under, size, maps: maps.length === value.length ? maps : null }
  }

  private map(node: YAMLMap, depth: number): Plain | Refusal {
    const value: Record<string, unknown> = {}
    const under = new Map<string, Mark>()
    const merges: Fields[] = []
    let size = 1
    for (const { key, value: item } of node.items) {
      const name = isScalar(key) ? String(key.value) : ''
      const made = this.convert(item, depth + 1)
      if (made instanceof Refusal) return made
      size += made.size
      if (name === '<<' && isScalar(key) && key.type === 'PLAIN') {
        if (made.maps === null)
          return new Refusal(offsetOf(key), 'the merge key "<<" has no object, expected an alias of one')
        merges.push(...made.maps)
        continue
      }
      put(value, name, made.value)
      under.set(name, { offset: offsetOf(key), under: made.under })
    }
    for (const merge of merges) fill(value, under, merge)
    return { value, under, size, maps: [{ value, under }] }
  }
}

/** YAML 1.1 merge keys, as kubectl reads them: what is written wins, then the earlier of several merged maps. */
function fill(value: Record<string, unknown>, under: Map<string, Mark>, from: Fields): void {
  for (const [name, mark] of from.under) {
    if (under.has(name)) continue
    put(value, name, from.value[name])
    under.set(name, mark)
  }
}

/** Sets a field under any name: plain assignment of `__proto__` would change the prototype. */
export function put(object: Record<string, unknown>, name: string, value: unknown): void {
  if (name === '__proto__')
    Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true })
  else object[name] = value
}

function offsetOf(node: unknown): number {
  if (isPair(node)) return offsetOf(node.key)
  return isNode(node) ? (node.range?.[0] ?? 0) : 0
}

function isNode(value: unknown): value is Node {
  return isScalar(value) || isMap(value) || isSeq(value) || isAlias(value)
}
