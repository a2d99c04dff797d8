import type { DescEnum, DescField, DescMessage, JsonWriteOptions } from '@bufbuild/protobuf'
import { FeatureSet_FieldPresence as Presence } from '@bufbuild/protobuf/wkt'
import { irregular, type MessageInput } from './message-input.ts'
import { LENGTH, scalarItem, VARINT, type Item, type Value } from './scalars.ts'

/** What is known of a member: nothing, its value, the items of a list or the entries of a map, as JSON. */
type Part = string | string[] | Map<string, string> | undefined

/** A field that a message may have, by its number and how it is encoded. */
interface Field {
  /** Among the members. */
  readonly index: number
  /** With what was known before. */
  readonly take: (input: MessageInput, before: Part) => Part
  /** Among those of the type; -1: it is in none. */
  readonly oneof: number
}

/** How a field is written. */
interface Member {
  /** `"name":` */
  readonly key: string
  /** Where a message does not have it; null: nothing is written. */
  readonly absent: string | null
}

/** Gives how messages of a type are written. */
export type Inner = (type: DescMessage) => Value

/** How deep messages may be in each other, as for the library. */
export const MOST_DEPTH = 100

/**
 * Whether its messages may be written by one of these: no JSON of its own, no groups, extensions or required fields, and no
 * two fields that are one member.
 */
export const isRegular = ({ typeName, fields, proto }: DescMessage): boolean =>
  !typeName.startsWith('google.protobuf.') &&
  proto.extensionRange.length === 0 &&
  (['name', 'jsonName', 'localName'] as const).every(
    name => new Set(fields.map(field => field[name])).size === fields.length,
  ) &&
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
    const oneofs = new Map<unknown, number>([[undefined, -1]])
    for (const { oneof } of fields) if (!oneofs.has(oneof)) oneofs.set(oneof, oneofs.size - 1)
    const sorted = [...fields].sort((one, other) => one.number - other.number)
    for (const [index, field] of sorted.entries()) this.add(field, index, oneofs.get(field.oneof)!, inner)
  }

  private add(field: DescField, index: number, oneof: number, inner: Inner): void {
    const { alwaysEmitImplicit = false, useProtoFieldName = false } = this.options
    const key = `${JSON.stringify(useProtoFieldName ? field.name : field.jsonName)}:`
    const take = (wire: number, by: Field['take']) =>
      this.byTag.set(((field.number << 3) | wire) >>> 0, { index, oneof, take: by })
    const member = (zero: string | null) =>
      this.members.push({ key, absent: alwaysEmitImplicit ? zero : null })
    this.numbers.add(field.number)
    switch (field.fieldKind) {
      case 'map':
        take(LENGTH, mapTake(entryOf(field, this.options, inner)))
        return void member('{}')
      case 'list': {
        const { value, wire } = itemOf(field, this.options, inner)
        take(wire, listTake(value))
        if (wire !== LENGTH) take(LENGTH, packedTake(value))
        return void member('[]')
      }
      case 'message':
        take(LENGTH, onceTake(inner(field.message)))
        return void member(null)
      default: {
        const { value, wire, zero } = itemOf(field, this.options, inner)
        const isImplicit = field.presence === Presence.IMPLICIT
        take(wire, isImplicit ? implicitTake(value, zero) : value)
        return void member(isImplicit ? zero : null)
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
    /** By oneof. */
    let present: (number | undefined)[] | null = null
    while (input.at < input.end) {
      const tag = input.tag()
      const field = byTag.get(tag)
      if (field === undefined) {
        this.skip(input, tag)
        continue
      }
      const { index, oneof } = field
      parts[index] = field.take(input, parts[index])
      if (input.at > input.end) throw irregular
      if (oneof === -1) continue
      // It takes the place of another one.
      present ??= []
      const other = present[oneof]
      if (other !== undefined && other !== index) parts[other] = undefined
      present[oneof] = index
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
    const outer = input.enter()
    if (++input.depth >= MOST_DEPTH) throw irregular
    const text = this.text(input)
    input.depth--
    input.leave(outer)
    return text
  }
}

function written(members: readonly Member[], parts: readonly Part[]): string {
  let text = ''
  for (let i = 0; i < members.length; i++) {
    const part = parts[i]
    const { key, absent } = members[i]!
    const value = part === undefined ? absent : partText(part)
    if (value === null) continue
    text += text === '' ? `{${key}${value}` : `,${key}${value}`
  }
  return text === '' ? '{}' : `${text}}`
}

/** One text of what may be millions: parts of each other they would take ten times the memory. */
function partText(part: string | string[] | Map<string, string>): string {
  if (typeof part === 'string') return part
  if (Array.isArray(part)) return `[${part.join(',')}]`
  return `{${Array.from(part, ([key, value]) => `${key}:${value}`).join(',')}}`
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
  (input, before = []) => {
    ;(before as string[]).push(value(input))
    return before
  }

const packedTake =
  (value: Value): Field['take'] =>
  (input, before) => {
    const stop = input.stop()
    if (input.at === stop) return before
    const items = (before ?? []) as string[]
    while (input.at < stop) items.push(value(input))
    if (input.at > stop) throw irregular
    return items
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
    const outer = input.enter()
    let name: string | undefined
    let value: string | undefined
    while (input.at < input.end) {
      const tag = input.tag()
      if (tag === keyTag) name = key.value(input)
      else if (tag === valueTag && value === undefined) value = item.value(input)
      else throw irregular
    }
    input.leave(outer)
    // A message that is not there is one that has nothing.
    if (value === undefined && field.mapKind === 'message') throw irregular
    to.set(named(name ?? key.zero), value ?? item.zero)
  }
}

/** Of a singular field, or of what is in a list or map. */
function itemOf(field: DescField, options: Partial<JsonWriteOptions>, inner: Inner): Item {
  if (field.message !== undefined) return { value: inner(field.message), wire: LENGTH, zero: '{}' }
  return field.enum === undefined ? scalarItem(field.scalar) : enumItem(field.enum, options)
}

function enumItem(type: DescEnum, { enumAsInteger = false }: Partial<JsonWriteOptions>): Item {
  const texts = new Map<number, string>()
  const isNull = type.typeName === 'google.protobuf.NullValue'
  for (const { number } of type.values) {
    const { jsonName } = type.value[number]!
    texts.set(number, isNull ? 'null' : enumAsInteger ? String(number) : JSON.stringify(jsonName))
  }
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
