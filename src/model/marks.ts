import type { LineCounter } from 'yaml'
import type { FieldPath, Position } from './resource.ts'

/**
 * Where the parts of a document were written: offsets into the text, in the shape of the value. Kept
 * instead of the parser's tree, which is some fifteen times larger, for as long as the object lives.
 */
export interface Mark {
  readonly offset: number
  readonly under: Under
}
export type Under = ReadonlyMap<string, Mark> | readonly Mark[] | null

/** The mark of a field, or of its nearest parent that was written down. */
export function markAt(mark: Mark, path: FieldPath): Mark {
  let found = mark
  for (const step of path) {
    const next: Mark | undefined = below(found.under, step)
    if (next === undefined) break
    found = next
  }
  return found
}

function below(under: Under, step: string | number): Mark | undefined {
  if (under === null) return undefined
  if (isList(under)) return typeof step === 'number' ? under[step] : undefined
  return under.get(String(step))
}

function isList(under: ReadonlyMap<string, Mark> | readonly Mark[]): under is readonly Mark[] {
  return Array.isArray(under)
}

export function positionOf(file: string, lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset)
  return { file, line: Math.max(line, 1), column: Math.max(col, 1) }
}
