import type { DescEnum, DescField, DescMessage, ScalarType } from '@bufbuild/protobuf'
import type { ReflectMessage } from '@bufbuild/protobuf/reflect'

/** The fields from a message down to what is set: all but the last are messages. */
export type FieldPath = readonly DescField[]

/** Messages that JSON writes as text, a number or a boolean, so that a path and a query can have them. */
const textual: ReadonlySet<string> = new Set(
  [
    'Timestamp',
    'Duration',
    'FieldMask',
    'DoubleValue',
    'FloatValue',
    'Int64Value',
    'UInt64Value',
    'Int32Value',
    'UInt32Value',
    'BoolValue',
    'StringValue',
    'BytesValue',
  ].map(name => `google.protobuf.${name}`),
)

/** As protobuf reads messages in messages: a message that has itself has no end. */
const DEEPEST = 100

/** What a text is read as. */
export type LeafType =
  | { readonly kind: 'scalar'; readonly scalar: ScalarType }
  | { readonly kind: 'enum'; readonly enum: DescEnum }
  | { readonly kind: 'message'; readonly message: DescMessage }

/** Of a field, or of each of its items; null for what no text can say. */
export function leafType(field: DescField): LeafType | null {
  const kind = field.fieldKind === 'list' ? field.listKind : field.fieldKind
  if (kind === 'scalar') return { kind, scalar: field.scalar! }
  if (kind === 'enum') return { kind, enum: field.enum! }
  if (kind === 'message' && textual.has(field.message!.typeName)) return { kind, message: field.message! }
  return null
}

/**
 * The field that `names` leads to from `message`, or what is wrong with it. Names are those of the .proto file, and where
 * `json` says so also those of JSON.
 */
export function fieldPath(message: DescMessage, names: readonly string[], json = false): FieldPath | string {
  if (names.length > DEEPEST) return `it is more than ${DEEPEST} names deep`
  const path: DescField[] = []
  let at: DescMessage | null = message
  for (const name of names) {
    if (at === null) return `${path.at(-1)!.name} has no fields of its own`
    const field: DescField | undefined =
      at.fields.find(one => one.name === name) ??
      (json ? at.fields.find(one => one.jsonName === name) : undefined)
    if (field === undefined) return `${at.typeName} has no field "${name}"`
    path.push(field)
    at =
      field.fieldKind === 'message' && !field.message.typeName.startsWith('google.protobuf.')
        ? field.message
        : null
  }
  const leaf = path.at(-1)!
  if (leaf.fieldKind === 'map') return `${leaf.name} is a map`
  if (leafType(leaf) === null) return `${leaf.name} is a message, ${leaf.message!.typeName}`
  return path
}

/**
 * The message that has the last field of a path; those on the way are made where they are not. What is wrong, where one of
 * them cannot be there with what is there already.
 */
export function ownerOf(root: ReflectMessage, path: FieldPath): ReflectMessage | string {
  let at = root
  for (const field of path.slice(0, -1)) {
    if (field.fieldKind !== 'message') throw new TypeError(`${field.name} is no message`)
    const wrong = besides(at, field)
    if (wrong !== null) return wrong
    const next = at.get(field)
    if (!at.isSet(field)) at.set(field, next)
    at = next
  }
  return at
}

/** What is wrong with a field whose oneof has another one already: to set it would take that back. */
export function besides(message: ReflectMessage, field: DescField): string | null {
  const other = field.oneof === undefined ? undefined : message.oneofCase(field.oneof)
  return other === undefined || other === field ? null : `it cannot be there with ${other.name}`
}
