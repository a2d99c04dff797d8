import { CallFailure } from '../calls/failure.ts'
import { DOT_SEGMENT } from '../routes/template.ts'
import { isObject } from '../schemas/picked.ts'
import type { Assembly } from './assembly.ts'
import { piecesOf, type Piece, type Reference, type Resolve } from './template.ts'

/** A template that is filled for each request; undefined where what it names is not there. */
export type Fill<T> = (assembly: Assembly) => T | undefined

/** JSON with templates in its texts. A text that is one name becomes what that is, others are text. */
export function jsonTemplate(value: unknown, resolve: Resolve, call: string): Fill<unknown> {
  if (typeof value === 'string') return stringTemplate(piecesOf(value, resolve), call)
  if (Array.isArray(value)) {
    const items = value.map(item => jsonTemplate(item, resolve, call))
    return assembly => items.map(item => item(assembly) ?? null)
  }
  if (!isObject(value)) return () => value
  const members = Object.entries(value).map(
    ([name, member]) => [name, jsonTemplate(member, resolve, call)] as const,
  )
  return assembly => {
    const filled: Record<string, unknown> = {}
    for (const [name, member] of members) {
      const one = member(assembly)
      if (one !== undefined && name !== '__proto__') filled[name] = one
    }
    return filled
  }
}

function stringTemplate(pieces: readonly Piece[], call: string): Fill<unknown> {
  const [first = ''] = pieces
  if (pieces.length > 1) return textTemplate(pieces, call)
  return typeof first === 'string'
    ? () => first
    : assembly => first.read(assembly) ?? missing(first, assembly)
}

/** Text; what it names must be text, a number or a boolean. */
function textTemplate(pieces: readonly Piece[], call: string): Fill<string> {
  const [first = ''] = pieces
  if (pieces.length < 2 && typeof first === 'string') return () => first
  return assembly => {
    let text = ''
    for (const piece of pieces) {
      const value = typeof piece === 'string' ? piece : (piece.read(assembly) ?? missing(piece, assembly))
      if (value == null) return undefined
      if (!isScalar(value)) throw refused(piece as Reference, call, 'text, a number or a boolean')
      text += String(value)
    }
    return text
  }
}

/** A parameter of the query, escaped, or several: with `&` in front of each. */
export function queryTemplate(name: string, pieces: readonly Piece[], call: string): Fill<string> {
  const before = `&${escaped(name)}=`
  const [first = ''] = pieces
  if (pieces.length !== 1 || typeof first === 'string') {
    const text = textTemplate(pieces, call)
    return assembly => {
      const value = text(assembly)
      return value === undefined ? undefined : before + escaped(value)
    }
  }
  return assembly => {
    const value = first.read(assembly) ?? missing(first, assembly)
    if (value == null) return undefined
    if (isScalar(value)) return before + escaped(String(value))
    if (!Array.isArray(value) || !value.every(isScalar))
      throw refused(first, call, 'text, a number, a boolean or a list of these')
    return value.map(one => before + escaped(String(one))).join('')
  }
}

/** A value of a field (RFC 9110 §5.5): what a client or a backend says must not become another field. */
export function fieldTemplate(pieces: readonly Piece[], call: string): Fill<string> {
  const fill = textTemplate(pieces, call)
  return assembly => {
    const value = fill(assembly)
    if (value === undefined || !/[^\t\x20-\x7e\x80-\xff]/.test(value)) return value
    const from = pieces.find(piece => typeof piece !== 'string' && piece.part !== null)
    throw refused(
      (from ?? pieces.find(piece => typeof piece !== 'string')) as Reference,
      call,
      'what a field of HTTP may have',
    )
  }
}

/** What a path gets, before it is escaped: where it would make another path, it is whose fault it is. */
export function pathValue(reference: Reference, assembly: Assembly, call: string): unknown {
  const value = reference.read(assembly) ?? missing(reference, assembly)
  if (reference.part === null || (isScalar(value) && value !== '' && !DOT_SEGMENT.test(String(value))))
    return value
  throw refused(reference, call, 'what can be a part of a path')
}

/** Of a part that has failed its failure: it is why. */
function missing({ part }: Reference, { failed }: Assembly): undefined {
  // oxlint-disable-next-line typescript/only-throw-error -- it has been thrown before, whatever it is
  if (part !== null && failed[part] !== undefined) throw failed[part]
}

function refused({ text, part }: Reference, call: string, expected: string): CallFailure {
  return new CallFailure(
    part === null ? 'call_value_refused' : 'backend_response_invalid',
    call,
    `{${text}} is not ${expected}`,
  )
}

const isScalar = (value: unknown): value is string | number | boolean =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'

/** Half of a pair of UTF-16 cannot be escaped. */
const escaped = (text: string): string => encodeURIComponent(text.toWellFormed())
