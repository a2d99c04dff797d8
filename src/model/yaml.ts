import { Composer, LineCounter, Parser, type Document, type ErrorCode, type YAMLError } from 'yaml'
import { readJsonText } from './json-text.ts'
import { positionOf, type Places } from './places.ts'
import { Refusal, toPlain } from './plain.ts'
import type { FieldPath, Position, Problem } from './resource.ts'

/** One object as it was written, not yet validated. */
export interface Declaration {
  readonly value: unknown
  /** Position of a field's name (of a list's item: where it begins), or of its nearest parent. */
  readonly at: (path: FieldPath) => Position | null
  /** Where its parts were written. */
  readonly places: Places
  /** What was wrong with what it names (attached.ts); none where absent. */
  readonly violations?: readonly { readonly path: FieldPath; readonly message: string }[]
  /** Set where some of it is in other files. */
  readonly namesFiles?: true
}

/** The content of one file. `whole` is false where some of it could not be read. */
export interface Reading {
  readonly declarations: readonly Declaration[]
  readonly problems: readonly Problem[]
  readonly whole: boolean
  /** The texts of documents that could not be read, each with what is wrong with it. */
  readonly unread: readonly { readonly text: string; readonly problem: Problem }[]
}

/**
 * Reads YAML or JSON: many documents in one file, an array of objects, or a Kubernetes list (`kind: List`,
 * or `…List` with `items`), each of which gives its objects. Broken text is a problem with the position
 * and what was expected; the other documents of the file are still read where the parser can tell them
 * apart. Never throws, and no message quotes a value: it may be a secret.
 */
export function readText(text: string, file: string): Reading {
  const json = text.startsWith('{') || text.startsWith('[') ? readJsonText(text) : null
  if (json !== null) return readValue(json, file, lineCounter(text))
  const broken = file.endsWith('.json') ? jsonProblem(text, file) : null
  if (broken) return unreadable([broken], text)
  const lines = new LineCounter()
  try {
    return joined(readDocuments(text, file, lines))
  } catch {
    // The parser recurses; only the end of the stack brings us here.
    return unreadable([problem(file, lines, 0, 'is nested too deeply to be read')], text)
  }
}

function unreadable(problems: readonly Problem[], text: string): Reading {
  const [first] = problems
  return { declarations: [], problems, whole: false, unread: first ? [{ text, problem: first }] : [] }
}

function joined(readings: Iterable<Reading>): Reading {
  const declarations: Declaration[] = []
  const problems: Problem[] = []
  const unread: Reading['unread'][number][] = []
  let whole = true
  for (const reading of readings) {
    declarations.push(...reading.declarations)
    problems.push(...reading.problems)
    unread.push(...reading.unread)
    whole &&= reading.whole
  }
  return { declarations, problems, whole, unread }
}

/** One document after another: the parser's tree of each is garbage before the next one is made, which saves a third of the time. */
function* readDocuments(text: string, file: string, lines: LineCounter): Iterable<Reading> {
  const composer = new Composer({
    prettyErrors: false,
    stringKeys: true,
    uniqueKeys: true,
    merge: false,
    logLevel: 'silent',
  })
  const tokens = new Parser(lines.addNewLine).parse(text)
  for (const document of composer.compose(tokens)) yield readDocument(document, text, file, lines)
}

function readDocument(document: Document.Parsed, text: string, file: string, lines: LineCounter): Reading {
  const errors = [...document.errors, ...document.warnings]
  if (errors.length > 0) {
    const problems = telling(errors, text).map(e => problem(file, lines, ...describe(e, errors, text)))
    return unreadable(problems, ownText(document, text))
  }
  const plain = toPlain(document)
  if (plain instanceof Refusal)
    return unreadable([problem(file, lines, plain.offset, plain.message)], ownText(document, text))
  return readValue(plain, file, lines)
}

/** What stands between the markers of documents, whatever the parser made of it. */
function ownText({ range }: Document.Parsed, text: string): string {
  const end = text.indexOf('\n---', range[0])
  return text.slice(range[0], end < 0 ? text.length : end)
}

/**
 * After a first syntax error the parser guesses, so that further ones mislead; repeated keys each stand for themselves,
 * but for those of a second object that has no marker before it.
 */
function telling(errors: readonly YAMLError[], text: string): readonly YAMLError[] {
  const repeated = errors.filter(e => e.code === 'DUPLICATE_KEY')
  if (repeated.length < errors.length) return errors.filter(e => e.code !== 'DUPLICATE_KEY').slice(0, 1)
  const second = repeated.find(e => beginsObject(text, e.pos[0]))
  return second === undefined ? repeated : [second]
}

/** Whether a repeated key is one that objects begin with, so that "---" is likelier to lack than the key to be too many. */
function beginsObject(text: string, offset: number): boolean {
  return text[offset - 1] === '\n' && /^(apiVersion|kind):/.test(text.slice(offset, offset + 12))
}

/** Objects are declarations; arrays and Kubernetes lists are taken apart; an empty document is nothing. */
function readValue(places: Places, file: string, lines: LineCounter): Reading {
  const { value } = places
  if (value === null) return { declarations: [], problems: [], whole: true, unread: [] }
  const list = listOf(places)
  if (list !== null) return joined(list.parts.map(item => readValue(item, file, lines)))
  if (typeof value !== 'object') {
    const message = `is ${typeof value === 'string' ? 'text' : `a ${typeof value}`}, expected an object with apiVersion, kind and metadata`
    return {
      declarations: [],
      problems: [problem(file, lines, places.offset, message)],
      whole: false,
      unread: [],
    }
  }
  return { declarations: [declarationOf(places, file, lines)], problems: [], whole: true, unread: [] }
}

export function declarationOf(places: Places, file: string, lines: LineCounter): Declaration {
  return { value: places.value, places, at: path => positionOf(file, lines, places.at(path).offset) }
}

function listOf(places: Places): Places | null {
  const { value } = places
  if (Array.isArray(value)) return places
  if (typeof value !== 'object' || value === null) return null
  const isList = 'kind' in value && typeof value.kind === 'string' && value.kind.endsWith('List')
  return isList && 'items' in value && Array.isArray(value.items) ? places.at(['items']) : null
}

function problem(file: string, lines: LineCounter, offset: number, message: string): Problem {
  return { severity: 'error', position: positionOf(file, lines, offset), resource: null, path: [], message }
}

/** What the parser's codes mean for who wrote the file. Its own messages quote the text in places. */
const meanings: Readonly<Record<ErrorCode, string>> = {
  ALIAS_PROPS: 'an alias has an anchor or tag, expected the alias alone',
  BAD_ALIAS: 'an alias or anchor without a valid name, expected letters, digits, "-" and "_"',
  BAD_COLLECTION_TYPE: 'a tag that does not fit its value, expected no tag',
  BAD_DIRECTIVE: 'an unknown or misplaced directive, expected none',
  BAD_DQ_ESCAPE: 'an invalid escape in a double-quoted string, expected one like \\n, \\" or \\u00e9',
  BAD_INDENT: 'the indentation does not fit, expected this on the column of its siblings',
  BAD_PROP_ORDER: 'an anchor or tag in the wrong place, expected it before its value',
  BAD_SCALAR_START: 'a plain value begins with a reserved character, expected it in quotes',
  BLOCK_AS_IMPLICIT_KEY:
    'a nested mapping on one line, expected a line break after the first ":" or the value in quotes',
  BLOCK_IN_FLOW: 'a block collection inside of { } or [ ], expected the same style throughout',
  DUPLICATE_KEY: 'this key is given twice in one object, expected it once',
  IMPOSSIBLE: 'the text cannot be read here, expected YAML',
  KEY_OVER_1024_CHARS: 'a key is too long, expected at most 1024 characters',
  MISSING_CHAR: 'a character is missing here, expected the end of the quotes or brackets, a "," or a ":"',
  MULTILINE_IMPLICIT_KEY: 'a key over several lines, expected it on one line, followed by ": "',
  MULTIPLE_ANCHORS: 'a value with two anchors, expected one',
  MULTIPLE_DOCS: 'several documents, expected one',
  MULTIPLE_TAGS: 'a value with two tags, expected one',
  NON_STRING_KEY: 'a key that is no text, expected text',
  RESOURCE_EXHAUSTION: 'is nested too deeply to be read',
  TAB_AS_INDENT: 'a tab in the indentation, expected spaces',
  TAG_RESOLVE_FAILED: 'an unknown tag, expected none',
  UNEXPECTED_TOKEN: 'unexpected text, expected the end of the value or "key: value" on a line of its own',
}

/** Codes that stand for several mistakes, by the beginning of the parser's sentence, which is fixed for these. */
const sentences: readonly (readonly [code: ErrorCode, begins: string, meaning: string])[] = [
  [
    'BAD_INDENT',
    'Flow ',
    'a bracket before this is not closed, expected "}" or "]", and lines in it indented',
  ],
  [
    'MISSING_CHAR',
    'Sequence item',
    'the indentation does not fit, expected this on the column of its siblings, or "- " in front',
  ],
  [
    'MISSING_CHAR',
    'Implicit map keys',
    'a word alone where each line is "key: value", expected ": " behind it',
  ],
  [
    'MISSING_CHAR',
    'Missing closing',
    'quotes before this are not closed, expected the same quote at the end of the value',
  ],
]

/** Where to look, and what is wrong there. */
function describe(error: YAMLError, errors: readonly YAMLError[], text: string): readonly [number, string] {
  const offset = error.pos[0]
  if (error.code === 'DUPLICATE_KEY' && beginsObject(text, offset))
    return [offset, `${meanings.DUPLICATE_KEY}, or "---" on a line before it where another object begins`]
  // A line that is indented too far goes on with the value above it, and only then turns out to be a key.
  const over = errors.find(e => e.code === 'MULTILINE_IMPLICIT_KEY' && e.pos[0] === offset)
  if (error.code === 'BLOCK_AS_IMPLICIT_KEY' && over !== undefined)
    return [lastLine(text, offset, over.pos[1]), meanings.BAD_INDENT]
  const own = sentences.find(([code, begins]) => code === error.code && error.message.startsWith(begins))
  return [offset, own?.[2] ?? meanings[error.code] ?? meanings.IMPOSSIBLE]
}

/** Where the text of the last line between two offsets begins. */
function lastLine(text: string, from: number, to: number): number {
  const line = text.lastIndexOf('\n', to - 1) + 1
  return Math.max(from, line + text.slice(line, to).search(/\S|$/))
}

/** YAML takes more than JSON does (comments, trailing commas, bare words): a .json file is held to JSON. */
function jsonProblem(text: string, file: string): Problem | null {
  try {
    JSON.parse(text.replace(/^\uFEFF/, ''))
    return null
  } catch (error) {
    const offset = Number(
      /at position ([0-9]+)/.exec(error instanceof Error ? error.message : '')?.[1] ?? text.length,
    )
    const lines = lineCounter(text)
    return problem(
      file,
      lines,
      offset,
      text.trim() === ''
        ? 'is empty, expected JSON'
        : 'is no valid JSON here, expected JSON without comments or trailing commas',
    )
  }
}

/** As the parser counts them while it reads. */
export function lineCounter(text: string): LineCounter {
  const lines = new LineCounter()
  lines.addNewLine(0)
  for (let i = -1; (i = text.indexOf('\n', i + 1)) >= 0;) lines.addNewLine(i + 1)
  return lines
}
