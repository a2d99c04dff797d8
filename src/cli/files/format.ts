import { isDeepStrictEqual } from 'node:util'
import {
  CST,
  isMap,
  isScalar,
  parseAllDocuments,
  Parser,
  type Document,
  type Pair,
  type ToStringOptions,
} from 'yaml'

/** What cannot be formatted, and why. */
export interface Unformatted {
  readonly wrong: string
}

const style: ToStringOptions = { lineWidth: 0, flowCollectionPadding: true, indentSeq: true }

/** The order in which people look for what an object is; everything else stays as it was written. */
const TOP = ['apiVersion', 'kind', 'metadata']
const METADATA = ['name', 'namespace', 'labels', 'annotations']

/**
 * YAML in one style: two spaces, apiVersion, kind, name and namespace first. Comments, blank lines, quotes where they
 * matter, and what stands on one line stay; a folded text becomes one line. What is formatted says the same as before, or is not formatted.
 */
export function formatYaml(text: string): string | Unformatted {
  const documents = parse(text)
  // Nothing, or a comment alone.
  if (!Array.isArray(documents) || documents.length === 0) return text
  const error = documents.flatMap(document => document.errors)[0]
  if (error !== undefined) return { wrong: 'is no valid YAML; portcullis check says where' }
  const before = documents.map(document => document.toJS() as unknown)
  for (const document of documents) sortObject(document)
  const formatted = tight(documents.map((document, i) => documentText(document, i)).join(''))
  const after = parse(formatted)
  if (
    !Array.isArray(after) ||
    !isDeepStrictEqual(
      after.map(document => document.toJS() as unknown),
      before,
    )
  )
    return { wrong: 'has something that formatting would change the meaning of' }
  return formatted
}

export function formatJson(text: string): string | Unformatted {
  try {
    return `${JSON.stringify(JSON.parse(text), null, 2)}\n`
  } catch {
    return { wrong: 'is no valid JSON; portcullis check says where' }
  }
}

function parse(text: string) {
  return parseAllDocuments(text, { merge: false, logLevel: 'silent', keepSourceTokens: false })
}

function documentText(document: Document.Parsed, index: number): string {
  const text = document.toString(style).replace(/^---\s*/, '')
  return index === 0 ? text : `---\n${text}`
}

/** `{ a: 1 }` and `[a, b]`, as people write them; the library pads both or neither. */
function tight(text: string): string {
  return [...new Parser().parse(text)]
    .map(token => {
      if (token.type === 'document')
        CST.visit(token, ({ value }) => (value === undefined ? undefined : tighten(value)))
      return CST.stringify(token as CST.Token)
    })
    .join('')
}

function tighten(token: CST.Token): undefined {
  if (token.type !== 'flow-collection' || token.start.source !== '[') return
  const [first, last] = [token.items[0], token.items.at(-1)]
  if (first === undefined || last === undefined) return
  if (first.start.every(({ type }) => type === 'space')) first.start = []
  const close = token.end.findIndex(({ type }) => type === 'flow-seq-end')
  if (token.end.slice(0, close).every(({ type }) => type === 'space')) token.end.splice(0, close)
  // Blanks behind a value are the value's.
  const end =
    last.value !== undefined && last.value !== null && 'end' in last.value ? last.value.end : undefined
  while (end?.at(-1)?.type === 'space') end.pop()
}

function sortObject({ contents }: Document.Parsed): void {
  if (!isMap(contents)) return
  contents.items = sorted(contents.items, TOP)
  const metadata = contents.get('metadata', true)
  if (isMap(metadata)) metadata.items = sorted(metadata.items, METADATA)
}

function sorted<P extends Pair>(items: readonly P[], first: readonly string[]): P[] {
  const rank = ({ key }: P): number => {
    const at = first.indexOf(isScalar(key) ? String(key.value) : '')
    return at < 0 ? first.length : at
  }
  // An alias must stand behind its anchor: whoever uses them has an order of their own.
  const fixed = items.some(item => /[&*]/.test(String(item.key)))
  return fixed ? [...items] : items.toSorted((a, b) => rank(a) - rank(b))
}
