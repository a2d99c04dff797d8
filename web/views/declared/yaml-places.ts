import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Node } from 'yaml'

/** Something that is wrong in a text, and the line, from 1. */
export interface Fault {
  readonly line: number
  readonly message: string
}

export interface ReadYaml {
  /** Null where it is no YAML, or no object. */
  readonly object: Readonly<Record<string, unknown>> | null
  readonly faults: readonly Fault[]
  /** The line of a field: of `spec.limits[0].per`; where there is no such field, of what it would stand in. */
  lineOf(path: string): number
}

export function readYaml(text: string): ReadYaml {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const lineAt = (offset: number): number => Math.max(1, lines.linePos(offset).line)
  const faults = document.errors.map(({ message, pos }) => ({ line: lineAt(pos[0]), message }))
  const object = faults.length === 0 ? (document.toJS() as unknown) : null
  return {
    object: isRecord(object) ? object : null,
    faults,
    lineOf: path => lineAt(offsetOf(document.contents, stepsOf(path))),
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** `spec.rules[0]["a b"]` is spec, rules, 0, a b. */
function stepsOf(path: string): readonly (string | number)[] {
  return [...path.matchAll(/\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.[\]]+)/g)].map(
    ([, quoted, index, name = '']) =>
      quoted !== undefined
        ? (JSON.parse(`"${quoted}"`) as string)
        : index === undefined
          ? name
          : Number(index),
  )
}

function offsetOf(root: unknown, steps: readonly (string | number)[]): number {
  let node = root
  let at = 0
  for (const step of steps) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step))
      if (pair === undefined) break
      at = (pair.key as Node).range?.[0] ?? at
      node = pair.value
    } else if (isSeq(node)) {
      const item = node.items[Number(step)] as Node | undefined
      if (item === undefined) break
      at = item.range?.[0] ?? at
      node = item
    } else break
  }
  return at
}
