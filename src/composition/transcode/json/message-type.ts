import {
  ScalarType,
  type DescEnum,
  type DescField,
  type DescMessage,
  type JsonWriteOptions,
} from '@bufbuild/protobuf'
import { FeatureSet_FieldPresence as Presence } from '@bufbuild/protobuf/wkt'
import { irregular, type MessageInput } from './message-input.ts'

/** Takes a value, and gives it as JSON. */
export type Value = (input: MessageInput) => string

/** What is known of a member: nothing, all but what closes it, or the entries of a map, as JSON. */
type Part = string | Map<string, string> | undefined

/** A field that a message may have, by its number and how it is encoded. */
interface Field {
  /** Among the members. */
  readonly index: number
  /** With what was known before. */
  readonly take: (input: MessageInput, before: Part) => Part
  /** Others of its oneof, which it takes the place of. */
  readonly rivals: readonly number[]
}

/** How a field is written. */
interface Member {
  /** `"name":` */
  readonly key: string
  readonly close: string
  /** Where a message does not have it; null: nothing is written. */
  readonly absent: string | null
}

/** Gives how messages of a type are written. */
export type Inner = (type: DescMessage) => Value

/** How deep messages may be in each other, as for the library. */
const MOST_DEPTH = 100

const VARINT = 0
const BITS_64 = 1
const LENGTH = 2
const BITS_32 = 5

/** Whether its messages may be written by one of these: no JSON of its own, no groups, extensions or required fields. */
export const isRegular = ({ typeName, fields, proto }: DescMessage): boolean =>
  !typeName.startsWith('google.protobuf.') &&
  proto.extensionRange.length === 0 &&
  fields.every(
    field =>
      field.presence !== Presence.LEGACY_REQUIRED &&
      !('delimitedEncoding' in field && field.delimitedEncoding),
  )

/** Writes messages of a type, with what does not depend on one made already. */
export class MessageType {
  private readonly members: Member[] = []
  private readonly byTag = new Map<number, Field>()
  private readonly numbers = new Set<number>()
  private readonly options: Partial<JsonWriteOptions>

  /** `inner` is asked while this is made, and what it gives is not called before: types may be in themselves. */
  constructor({ fields }: DescMessage, options: Partial<JsonWriteOptions>, inner: Inner) {
    this.options = options
    const sorted = [...fields].sort((a, b) => a.number - b.number)
    for (const [index, field] of sorted.entries()) {
      const rivals = sorted.flatMap((other, i) =>
        other !== field && field.oneof !== undefined && other.oneof === field.oneof ? [i] : [],
      )
      this.add(field, index, rivals, inner)
    }
  }

  private add(field: DescField, index: number, rivals: readonly number[], inner: Inner): void {
    const { alwaysEmitImplicit = false, useProtoFieldName = false } = this.options
    const key = `${JSON.stringify(useProtoFieldName ? field.name : field.jsonName)}:`
    const take = (wire: number, by: Field['take']) =>
      this.byTag.set(((field.number << 3) | wire) >>> 0, { index, rivals, take: by })
    const member = (close: string, zero: string | null) =>
      this.members.push({ key, close, absent: alwaysEmitImplicit ? zero : null })
    this.numbers.add(field.number)
    switch (field.fieldKind) {
      case 'map':
        take(LENGTH, mapTake(entryOf(field, this.options, inner)))
        return void member('}', '{}')
      case 'list': {
        const { value, wire } = itemOf(field, this.options, inner)
        take(wire, listTake(value))
        if (wire !== LENGTH) take(LENGTH, packedTake(value))
        return void member(']', '[]')
      }
      case 'message':
        take(LENGTH, onceTake(inner(field.message)))
        return void member('', null)
      default: {
        const { value, wire, zero } = itemOf(field, this.options, inner)
        const isImplicit = field.presence === Presence.IMPLICIT
        take(wire, isImplicit ? implicitTake(value, zero) : value)
        return void member('', isImplicit ? zero : null)
      }
    }
  }

  /** Of a message that is in no other. */
  whole(input: MessageInput, start: number, end: number): string {
    input.at = start
    input.end = end
    input.depth = 0
    return this.text(input)
  }

  /** Of all that is left of the message. */
  private text(input: MessageInput): string {
    const { members, byTag } = this
    const parts: Part[] = []
    for (let i = 0; i < members.length; i++) parts.push(undefined)
    while (input.at < input.end) {
      const tag = input.tag()
      const field = byTag.get(tag)
      if (field === undefined) {
        this.skip(input, tag)
        continue
      }
      parts[field.index] = field.take(input, parts[field.index])
      if (input.at > input.end) throw irregular
      for (const rival of field.rivals) parts[rival] = undefined
    }
    return written(members, parts)
  }

  /** What has the number of a field and is encoded otherwise is not for this. */
  private skip(input: MessageInput, tag: number): void {
    const number = tag >>> 3
    if (number === 0 || this.numbers.has(number)) throw irregular
    input.skip(tag & 7)
  }

  /** A message in another. */
  nested(input: MessageInput): string {
    const { end } = input
    input.end = input.stop()
    if (++input.depth >= MOST_DEPTH) throw irregular
    const text = this.text(input)
    input.depth--
    input.end = end
    return text
  }
}

function written(members: readonly Member[], parts: readonly Part[]): string {
  let text = ''
  for (let i = 0; i < members.length; i++) {
    const part = parts[i]
    const { key, close, absent } = members[i]!
    if (part === undefined && absent === null) continue
    const value = part === undefined ? absent! : (typeof part === 'string' ? part : mapText(part)) + close
    text += text === '' ? `{${key}${value}` : `,${key}${value}`
  }
  return text === '' ? '{}' : `${text}}`
}

/** But for its end. */
function mapText(entries: ReadonlyMap<string, string>): string {
  let text = ''
  for (const [key, value] of entries) text += `${text === '' ? '{' : ','}${key}:${value}`
  return text
}

// How fields are taken: the value, and what was known of the member before.

/** What has no presence is not there where it is zero. */
const implicitTake =
  (value: Value, zero: string): Field['take'] =>
  input => {
    const text = value(input)
    return text === zero ? undefined : text
  }

/** Several would be merged. */
const onceTake =
  (value: Value): Field['take'] =>
  (input, before) => {
    if (before !== undefined) throw irregular
    return value(input)
  }

const listTake =
  (value: Value): Field['take'] =>
  (input, before) =>
    before === undefined ? `[${value(input)}` : `${before as string},${value(input)}`

const packedTake =
  (value: Value): Field['take'] =>
  (input, before) => {
    const stop = input.stop()
    let text = before as string | undefined
    while (input.at < stop) text = text === undefined ? `[${value(input)}` : `${text},${value(input)}`
    if (input.at > stop) throw irregular
    return text
  }

type Entry = (input: MessageInput, to: Map<string, string>) => void

const mapTake =
  (entry: Entry): Field['take'] =>
  (input, before = new Map<string, string>()) => {
    entry(input, before as Map<string, string>)
    return before
  }

function entryOf(
  field: DescField & { readonly fieldKind: 'map' },
  options: Partial<JsonWriteOptions>,
  inner: Inner,
): Entry {
  const key = scalarItem(field.mapKey)
  const item = itemOf(field, options, inner)
  const keyTag = (1 << 3) | key.wire
  const valueTag = (2 << 3) | item.wire
  const named = (text: string): string => (text.startsWith('"') ? text : `"${text}"`)
  return (input, to) => {
    const { end } = input
    const stop = (input.end = input.stop())
    let name: string | undefined
    let value: string | undefined
    while (input.at < stop) {
      const tag = input.tag()
      if (tag === keyTag) name = key.value(input)
      else if (tag === valueTag && value === undefined) value = item.value(input)
      else throw irregular
    }
    if (input.at > stop) throw irregular
    input.end = end
    // A message that is not there is one that has nothing.
    if (value === undefined && field.mapKind === 'message') throw irregular
    to.set(named(name ?? key.zero), value ?? item.zero)
  }
}

/** How a value is taken, and how it is encoded. */
interface Item {
  readonly value: Value
  readonly wire: number
  readonly zero: string
}

/** Of a singular field, or of what is in a list or map. */
function itemOf(field: DescField, options: Partial<JsonWriteOptions>, inner: Inner): Item {
  if (field.message !== undefined) return { value: inner(field.message), wire: LENGTH, zero: '{}' }
  return field.enum === undefined ? scalarItem(field.scalar) : enumItem(field.enum, options)
}

function enumItem(type: DescEnum, { enumAsInteger = false }: Partial<JsonWriteOptions>): Item {
  const texts = new Map<number, string>()
  const isNull = type.typeName === 'google.protobuf.NullValue'
  for (const { number, value } of type.values.map(one => ({
    number: one.number,
    value: type.value[one.number],
  })))
    texts.set(number, isNull ? 'null' : enumAsInteger ? String(number) : JSON.stringify(value!.jsonName))
  return {
    wire: VARINT,
    zero: texts.get(type.values[0]!.number)!,
    value: input => {
      const number = input.int32()
      const text = texts.get(number)
      if (text !== undefined) return text
      if (!type.open || isNull) throw irregular
      return String(number)
    },
  }
}

function scalarItem(type: ScalarType): Item {
  switch (type) {
    case ScalarType.STRING:
      return { value: input => input.stringText(), wire: LENGTH, zero: '""' }
    case ScalarType.BYTES:
      return { value: input => input.bytesText(), wire: LENGTH, zero: '""' }
    case ScalarType.BOOL:
      return { value: input => input.boolText(), wire: VARINT, zero: 'false' }
    case ScalarType.DOUBLE:
      return { value: input => input.doubleText(), wire: BITS_64, zero: '0' }
    case ScalarType.FLOAT:
      return { value: input => input.floatText(), wire: BITS_32, zero: '0' }
    case ScalarType.INT32:
      return { value: input => input.int32Text(), wire: VARINT, zero: '0' }
    case ScalarType.UINT32:
      return { value: input => input.uint32Text(), wire: VARINT, zero: '0' }
    case ScalarType.SINT32:
      return { value: input => input.sint32Text(), wire: VARINT, zero: '0' }
    case ScalarType.FIXED32:
      return { value: input => input.fixed32Text(), wire: BITS_32, zero: '0' }
    case ScalarType.SFIXED32:
      return { value: input => input.sfixed32Text(), wire: BITS_32, zero: '0' }
    case ScalarType.INT64:
      return { value: input => input.int64Text(), wire: VARINT, zero: '"0"' }
    case ScalarType.UINT64:
      return { value: input => input.uint64Text(), wire: VARINT, zero: '"0"' }
    case ScalarType.SINT64:
      return { value: input => input.sint64Text(), wire: VARINT, zero: '"0"' }
    case ScalarType.FIXED64:
      return { value: input => input.fixed64Text(), wire: BITS_64, zero: '"0"' }
    case ScalarType.SFIXED64:
      return { value: input => input.sfixed64Text(), wire: BITS_64, zero: '"0"' }
  }
}
