import type { LineCounter } from 'yaml'
import type { FieldPath, Position } from './resource.ts'

// What is written down of each part of a value, in the order in which one walks over it: its offset in the text, and of
// how many parts it is, itself included.
const OFFSET = 0
const SIZE = 1
const WIDTH = 2

/**
 * A value, and where its parts were written. Kept instead of the parser's tree for as long as objects live, and so as
 * bare numbers: of 10,000 routes they are 1 MB, where maps in the shape of the value were 14.
 */
export class Places {
  readonly value: unknown
  private readonly numbers: ArrayLike<number>
  private readonly start: number

  constructor(value: unknown, numbers: ArrayLike<number>, start = 0) {
    this.value = value
    this.numbers = numbers
    this.start = start
  }

  get offset(): number {
    return this.numbers[this.start + OFFSET]!
  }

  get size(): number {
    return this.numbers[this.start + SIZE]!
  }

  /** A field, or its nearest parent that was written down. */
  at(path: FieldPath): Places {
    const { numbers } = this
    let { value, start } = this
    for (const step of path) {
      const index = indexOf(value, step)
      if (index < 0) break
      start += WIDTH
      for (let i = 0; i < index; i++) start = behind(numbers, start)
      value = (value as Record<string | number, unknown>)[step]
    }
    return new Places(value, numbers, start)
  }

  /** Of a list its items, of a map its fields, in their order. */
  get parts(): Places[] {
    const { numbers, value } = this
    if (typeof value !== 'object' || value === null) return []
    let next = this.start + WIDTH
    return Object.values(value).map((part: unknown) => {
      const start = next
      next = behind(numbers, start)
      return new Places(part, numbers, start)
    })
  }

  /** In the order in which one walks over the value. */
  get offsets(): number[] {
    return Array.from({ length: this.size }, (_, i) => this.numbers[this.start + i * WIDTH + OFFSET]!)
  }

  copyTo(numbers: number[]): void {
    const end = behind(this.numbers, this.start)
    for (let i = this.start; i < end; i++) numbers.push(this.numbers[i]!)
  }
}

/** Writes down where values are as they are read. */
export class PlacesWriter {
  private readonly numbers: number[] = []

  get length(): number {
    return this.numbers.length
  }

  /** A value begins, at its name where it has one; the answer is where this is written, for `end` and others. */
  begin(offset: number): number {
    return this.numbers.push(offset, 1) - WIDTH
  }

  end(start: number): void {
    this.numbers[start + SIZE] = (this.numbers.length - start) / WIDTH
  }

  /** All of a value that was written elsewhere. */
  add(places: Places): void {
    places.copyTo(this.numbers)
  }

  /** A copy of what was written from there on. */
  since(start: number, value: unknown): Places {
    return new Places(value, this.numbers.slice(start))
  }

  takeBack(start: number): void {
    this.numbers.length = start
  }

  /** The fields of the map that begins there were written as `names`; puts them in the order of its value, where numbers come first. */
  order(start: number, names: readonly string[], value: object): void {
    if (!names.some(beginsWithDigit)) return
    const written = new Map(this.since(start, names).parts.map(part => [part.value, part]))
    this.takeBack(start + WIDTH)
    for (const name of Object.keys(value)) this.add(written.get(name)!)
  }

  /** What was written, which is this value. */
  of(value: unknown): Places {
    return new Places(value, new Int32Array(this.numbers))
  }
}

export function positionOf(file: string, lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset)
  return { file, line: Math.max(line, 1), column: Math.max(col, 1) }
}

function behind(numbers: ArrayLike<number>, start: number): number {
  return start + numbers[start + SIZE]! * WIDTH
}

function indexOf(value: unknown, step: string | number): number {
  if (typeof value !== 'object' || value === null) return -1
  if (!Array.isArray(value)) return Object.keys(value).indexOf(String(step))
  return typeof step === 'number' && step < value.length ? step : -1
}

function beginsWithDigit(name: string): boolean {
  const code = name.charCodeAt(0)
  return code >= 48 && code <= 57
}
