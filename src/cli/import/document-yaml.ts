import { isMap, isScalar, isSeq, parseDocument, Scalar, visit, type Document, type Node } from 'yaml'

/** A text of this many bytes and more is no pleasure among other fields. */
const LARGE_BYTES = 64 * 1024

/** Whether a document is better a text in a ConfigMap. */
export function isLarge(text: string): boolean {
  return Buffer.byteLength(text) >= LARGE_BYTES
}

export function isJson(text: string): boolean {
  return /^\uFEFF?\s*\{/.test(text) && parses(text)
}

function parses(text: string): boolean {
  try {
    JSON.parse(text.replace(/^\uFEFF/, ''))
    return true
  } catch {
    return false
  }
}

/** What is in a ConfigMap: YAML as it was written, JSON in lines. */
export function documentText(text: string): string {
  if (isJson(text)) return `${JSON.stringify(JSON.parse(text.replace(/^\uFEFF/, '')), null, 2)}\n`
  return text.replace(/^\uFEFF/, '').replaceAll(/\r\n?/g, '\n')
}

/** The document as a part of another one, with its comments; JSON becomes YAML as people write it. */
export function documentNode(text: string): Node {
  const json = isJson(text)
  const document = parseDocument(text, { merge: false, stringKeys: true, logLevel: 'silent' })
  if (json) asBlocks(document)
  const { contents } = document
  if (contents === null) throw new Error('a document that was read has contents')
  const version = document.getIn(['info', 'version'], true)
  // 1.0 without quotes is a number, and 1.10 the same one as 1.1.
  if (isScalar(version) && typeof version.value === 'number')
    document.setIn(['info', 'version'], textScalar(version.source ?? String(version.value)))
  contents.commentBefore = null
  contents.comment = null
  return contents
}

function asBlocks(document: Document): void {
  visit(document, {
    Collection: (_, node) => {
      if ((isMap(node) || isSeq(node)) && node.items.length > 0) node.flow = false
    },
    Scalar: (_, node) => {
      if (typeof node.value === 'string' && ELSEWHERE.test(node.value)) node.type = 'QUOTE_DOUBLE'
      else delete node.type
    },
  })
}

/** What is text in YAML 1.2, and in the YAML 1.1 of kubectl perhaps a number, a time or a truth. */
const ELSEWHERE = /^([-+.]?\d.*|y|yes|n|no|on|off)$/i

function textScalar(value: string): Scalar<string> {
  const scalar = new Scalar(value)
  scalar.type = 'QUOTE_SINGLE'
  return scalar
}
