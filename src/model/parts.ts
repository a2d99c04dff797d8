import type { Attached } from './attached.ts'
import type { Position, Problem, Resource } from './resource.ts'
import type { Unenforced } from './targeting.ts'
import type { Validation } from './validate.ts'

/** What a text says. */
export interface Said {
  /** In the order of the text. */
  readonly validations: readonly Validation[]
  /** Of the text itself. */
  readonly problems: readonly Problem[]
  /** False where some of the text could not be read: any object may have stood there. */
  readonly whole: boolean
  /** What stands in the parts that could not be read, as far as it can be told, and may protect something. */
  readonly unread: readonly Unenforced[]
  /** Files that its objects name. */
  readonly attached: readonly Attached[]
}

/** A part of a file that is read by itself: a document. */
export interface Part {
  readonly length: number
  /** Line breaks in it, and before it in its file. */
  readonly lines: number
  readonly linesBefore: number
  /** What is in those may be another thing when it is read again. */
  readonly namesFiles: boolean
  /** What it says, with positions as if it stood alone. */
  readonly alone: Said
  /** What it says, with positions in its file. */
  readonly said: Said
}

/** A text as it was read before. */
export interface ReadBefore {
  readonly text: string
  readonly parts: readonly Part[]
}

/**
 * Takes a text apart at the markers of documents, and reads the parts that are not in the text before; the others say
 * what they said. An object of theirs is the same one where no line before it came or went; otherwise it is another
 * one, for it stands elsewhere, with the same metadata and body.
 */
export function readParts(
  text: string,
  before: ReadBefore | null,
  read: (part: string) => Said,
): readonly Part[] {
  const isSplit = !hasDirectives(text)
  const ends = isSplit && before !== null ? sameEnds(text, before) : nothing
  const known = new KnownParts(before, ends)
  const parts: Part[] = before?.parts.slice(0, ends.front) ?? []
  const behind = text.length - ends.backLength
  let lines = parts.at(-1) === undefined ? 0 : parts.at(-1)!.linesBefore + parts.at(-1)!.lines
  for (let start = ends.frontLength; start < behind || start === 0;) {
    const found = isSplit ? known.next(text, start) : null
    const end = found === null ? (isSplit ? endOf(text, start) : text.length) : start + found.length
    const part = found ?? known.find(text, start, end) ?? freshPart(text.slice(start, end), text, read)
    parts.push(placed(part, lines))
    lines += part.lines
    start = Math.max(end, 1)
  }
  for (const part of before?.parts.slice(before.parts.length - ends.back) ?? []) {
    parts.push(placed(part, lines))
    lines += part.lines
  }
  return parts
}

function placed(part: Part, linesBefore: number): Part {
  return part.linesBefore === linesBefore
    ? part
    : { ...part, linesBefore, said: moved(part.alone, linesBefore) }
}

/** How many parts at the beginning of a text and at its end are as they were, and how long they are. */
interface Ends {
  readonly front: number
  readonly frontLength: number
  readonly back: number
  readonly backLength: number
}

const nothing: Ends = { front: 0, frontLength: 0, back: 0, backLength: 0 }

/** The longest marker with what stands behind it. */
const MARKER = '--- '.length

/** Found by comparing texts, not parts: of 10,000 parts one has changed. */
function sameEnds(text: string, { text: old, parts }: ReadBefore): Ends {
  const start = commonStart(text, old)
  const end = commonEnd(text, old, start)
  let [front, frontLength] = [0, 0]
  for (; front < parts.length; front++) {
    const { length, namesFiles } = parts[front]!
    // The part behind it begins with the same marker.
    if (namesFiles || frontLength + length + MARKER > start) break
    frontLength += length
  }
  let [back, backLength] = [0, 0]
  for (; front + back < parts.length; back++) {
    const { length, namesFiles } = parts[parts.length - 1 - back]!
    // With the line break before its marker.
    if (namesFiles || backLength + length >= end) break
    backLength += length
  }
  return { front, frontLength, back, backLength }
}

/** Whole pieces are compared at once, the longest first. */
const PIECES = [65_536, 4_096, 256, 16, 1]

function commonStart(a: string, b: string): number {
  const most = Math.min(a.length, b.length)
  let length = 0
  for (const piece of PIECES)
    while (length + piece <= most && a.slice(length, length + piece) === b.slice(length, length + piece))
      length += piece
  return length
}

/** Of what is behind `start` in both. */
function commonEnd(a: string, b: string, start: number): number {
  const most = Math.min(a.length, b.length) - start
  let length = 0
  const last = (text: string, piece: number): string =>
    text.slice(text.length - length - piece, text.length - length)
  for (const piece of PIECES)
    while (length + piece <= most && last(a, piece) === last(b, piece)) length += piece
  return length
}

/** `%YAML` and `%TAG` stand before a marker and are about what comes behind it. */
function hasDirectives(text: string): boolean {
  return text.startsWith('%') || text.startsWith('\uFEFF%') || text.includes('\n%')
}

function endOf(text: string, start: number): number {
  for (let at = start; (at = text.indexOf('\n---', at)) >= 0; at++) if (isMarker(text, at + 1)) return at + 1
  return text.length
}

/** Whether a line that begins here is a marker (YAML 1.2.2, §9.1.2: it also ends what is in quotes). */
function isMarker(text: string, at: number): boolean {
  return text.startsWith('---', at) && (at + 3 >= text.length || ' \t\r\n'.includes(text.charAt(at + 3)))
}

function isEnd(text: string, at: number): boolean {
  return at === text.length || (text.charAt(at - 1) === '\n' && isMarker(text, at))
}

function freshPart(part: string, text: string, read: (part: string) => Said): Part {
  const alone = read(part.length === text.length ? part : detached(part))
  let lines = 0
  for (let at = -1; (at = part.indexOf('\n', at + 1)) >= 0;) lines++
  const namesFiles = alone.validations.some(one => one.namesFiles)
  return { length: part.length, lines, linesBefore: 0, namesFiles, alone, said: alone }
}

/** V8 makes slices that hold the whole text: objects of a part outlive thousands of texts that it stood in. */
function detached(part: string): string {
  return Buffer.from(part).toString()
}

/** The parts of a text before between those at its ends, each to be found once. */
class KnownParts {
  private readonly text: string
  private readonly parts: readonly Part[]
  private readonly starts: readonly number[]
  private readonly used = new Set<number>()
  private index = 0
  private byText: ReadonlyMap<string, readonly number[]> | null = null

  constructor(before: ReadBefore | null, { front, frontLength, back }: Ends) {
    this.text = before?.text ?? ''
    this.parts = before?.parts.slice(front, before.parts.length - back) ?? []
    let start = frontLength
    this.starts = this.parts.map(({ length }) => (start += length) - length)
  }

  /** The part behind the one that was found last, where it stands here too: nearly always, and it costs a comparison. */
  next(text: string, start: number): Part | null {
    return this.isAt(text, start, this.index) ? this.take(this.index) : null
  }

  private isAt(text: string, start: number, index: number): boolean {
    const part = this.parts[index]
    if (part === undefined || this.used.has(index)) return false
    const end = start + part.length
    return isEnd(text, end) && this.textOf(index) === text.slice(start, end)
  }

  /** Where the next one follows as before, this one was changed in its place, and is not looked for elsewhere. */
  find(text: string, start: number, end: number): Part | null {
    if (this.isAt(text, end, this.index + 1)) {
      this.index++
      return null
    }
    this.byText ??= Map.groupBy(this.parts.keys(), index => this.textOf(index))
    const indices = this.byText.get(text.slice(start, end)) ?? []
    const index = indices.find(one => !this.used.has(one))
    return index === undefined ? null : this.take(index)
  }

  private textOf(index: number): string {
    const start = this.starts[index]!
    return this.text.slice(start, start + this.parts[index]!.length)
  }

  private take(index: number): Part | null {
    const part = this.parts[index]!
    this.used.add(index)
    this.index = index + 1
    return part.namesFiles ? null : part
  }
}

/** The same so many lines below. */
function moved(said: Said, lines: number): Said {
  if (lines === 0) return said
  return {
    ...said,
    validations: said.validations.map(validation => movedValidation(validation, lines)),
    problems: said.problems.map(problem => movedProblem(problem, lines)),
    unread: said.unread.map(one => movedUnenforced(one, lines)),
  }
}

function movedValidation(validation: Validation, lines: number): Validation {
  const { resource, problems, unenforced, written } = validation
  return {
    ...validation,
    resource: resource === null ? null : movedResource(resource, lines),
    problems: problems.map(problem => movedProblem(problem, lines)),
    ...(unenforced && { unenforced: movedUnenforced(unenforced, lines) }),
    ...(written && { written: movedResource(written, lines) }),
  }
}

function movedUnenforced(one: Unenforced, lines: number): Unenforced {
  const { resource, problem } = one
  return Object.freeze({
    ...one,
    resource: movedResource(resource, lines),
    problem: movedProblem(problem, lines),
  })
}

function movedResource(resource: Resource, lines: number): Resource {
  const { at } = resource
  return Object.freeze({ ...resource, at: (path: Parameters<Resource['at']>[0]) => below(at(path), lines) })
}

function movedProblem(problem: Problem, lines: number): Problem {
  return { ...problem, position: below(problem.position, lines) }
}

function below(position: Position | null, lines: number): Position | null {
  return position && { ...position, line: position.line + lines }
}
