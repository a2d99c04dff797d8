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
import { PlacesWriter, type Places } from './places.ts'

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
 * Turns a parsed document into plain data and places. Not the parser's own toJS: that one makes circular
 * objects of `&a [*a]`, and tells no positions inside of aliases and merge keys.
 */
export function toPlain(document: Document.Parsed): Places | Refusal {
  const root = document.contents
  const converter = new Converter()
  const value = converter.convert(root, offsetOf(root), 0)
  return value instanceof Refusal ? value : converter.places.of(value)
}

class Converter {
  readonly places = new PlacesWriter()
  private readonly anchors = new Map<string, Places>()
  private aliased = 0

  /** `offset` is that of its name, where it has one. */
  convert(node: unknown, offset: number, depth: number): unknown {
    if (depth > MAX_DEPTH)
      return new Refusal(offsetOf(node), `is nested too deeply, expected at most ${MAX_DEPTH} levels`)
    const place = this.places.begin(offset)
    const value = this.make(node, place, depth)
    this.places.end(place)
    // Only after the node is whole: an alias inside of its own anchor finds nothing, and no circle comes about.
    if (!(value instanceof Refusal) && (isScalar(node) || isMap(node) || isSeq(node)) && node.anchor)
      this.anchors.set(node.anchor, this.places.since(place, value))
    return value
  }

  private make(node: unknown, place: number, depth: number): unknown {
    if (isScalar(node)) return node.value ?? null
    if (isMap(node)) return this.map(node, place, depth)
    if (isSeq(node)) return this.list(node, depth)
    if (isAlias(node)) return this.alias(node.source, offsetOf(node))
    return null
  }

  private alias(name: string, offset: number): unknown {
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
    for (const part of found.parts) this.places.add(part)
    return found.value
  }

  private list(node: YAMLSeq, depth: number): unknown {
    const value: unknown[] = []
    for (const item of node.items) {
      const made = this.convert(item, offsetOf(item), depth + 1)
      if (made instanceof Refusal) return made
      value.push(made)
    }
    return value
  }

  private map(node: YAMLMap, place: number, depth: number): unknown {
    const value: Record<string, unknown> = {}
    const names: string[] = []
    const merged: Places[] = []
    for (const { key, value: item } of node.items) {
      const offset = offsetOf(key)
      if (isScalar(key) && key.value === '<<' && key.type === 'PLAIN') {
        const maps = this.merged(item, offset, depth + 1)
        if (maps instanceof Refusal) return maps
        merged.push(...maps)
        continue
      }
      const made = this.convert(item, offset, depth + 1)
      if (made instanceof Refusal) return made
      const name = isScalar(key) ? String(key.value) : ''
      put(value, name, made)
      names.push(name)
    }
    for (const one of merged) this.fill(value, names, one)
    this.places.order(place, names, value)
    return value
  }

  /** What a merge key brings: a map, or each of a list of maps. Their fields are written down where they are filled in. */
  private merged(item: unknown, offset: number, depth: number): readonly Places[] | Refusal {
    const { length } = this.places
    const value = this.convert(item, offset, depth)
    if (value instanceof Refusal) return value
    const brought = this.places.since(length, value)
    this.places.takeBack(length)
    if (isMapping(value)) return [brought]
    if (Array.isArray(value) && value.every(isMapping)) return brought.parts
    return new Refusal(offset, 'the merge key "<<" has no object, expected an alias of one')
  }

  /** YAML 1.1 merge keys, as kubectl reads them: what is written wins, then the earlier of several merged maps. */
  private fill(value: Record<string, unknown>, names: string[], from: Places): void {
    const { parts } = from
    for (const [i, name] of Object.keys(from.value as object).entries()) {
      if (Object.hasOwn(value, name)) continue
      const part = parts[i]!
      put(value, name, part.value)
      names.push(name)
      this.places.add(part)
    }
  }
}

function isMapping(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
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
