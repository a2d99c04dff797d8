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
  const known = new KnownParts(before)
  const isSplit = !hasDirectives(text)
  const parts: Part[] = []
  let lines = 0
  for (let start = 0; start < text.length || start === 0;) {
    const found = isSplit ? known.next(text, start) : null
    const end = found === null ? (isSplit ? endOf(text, start) : text.length) : start + found.length
    const part = found ?? known.find(text, start, end) ?? freshPart(text.slice(start, end), text, read)
    parts.push(
      part.linesBefore === lines ? part : { ...part, linesBefore: lines, said: moved(part.alone, lines) },
    )
    lines += part.lines
    start = Math.max(end, 1)
  }
  return parts
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
  return { length: part.length, lines, linesBefore: 0, alone, said: alone }
}

/** V8 makes slices that hold the whole text: objects of a part outlive thousands of texts that it stood in. */
function detached(part: string): string {
  return Buffer.from(part).toString()
}

/** The parts of a text before, each to be found once. */
class KnownParts {
  private readonly text: string
  private readonly parts: readonly Part[]
  private readonly starts: readonly number[]
  private readonly used = new Set<number>()
  private index = 0
  private byText: ReadonlyMap<string, readonly number[]> | null = null

  constructor(before: ReadBefore | null) {
    this.text = before?.text ?? ''
    this.parts = before?.parts ?? []
    let start = 0
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
    // What is in the files that it names may be another thing now.
    return part.alone.validations.some(({ namesFiles }) => namesFiles) ? null : part
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
  const { resource, problems, unenforced } = validation
  return {
    ...validation,
    resource: resource === null ? null : movedResource(resource, lines),
    problems: problems.map(problem => movedProblem(problem, lines)),
    ...(unenforced && { unenforced: movedUnenforced(unenforced, lines) }),
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
