import { create, ScalarType, type DescEnum, type DescField, type DescMessage } from '@bufbuild/protobuf'
import { isWrapperDesc } from '@bufbuild/protobuf/wkt'

/** A message that contains itself ends here, where nothing else ends it. */
const DEEPEST = 8
/** So many messages are in one: types that refer to many others would multiply. */
const MOST_MESSAGES = 1_000

const MOMENT_S = BigInt(Date.parse('2026-01-31T12:00:00Z') / 1000)

/** What protobuf-es takes for messages of the language itself. As a field a Struct is its JSON. */
const WELL_KNOWN: Readonly<Record<string, unknown>> = {
  'google.protobuf.Timestamp': { seconds: MOMENT_S },
  'google.protobuf.Duration': { seconds: 3600n },
  'google.protobuf.FieldMask': { paths: ['text'] },
  'google.protobuf.Value': { kind: { case: 'stringValue', value: 'text' } },
  'google.protobuf.ListValue': { values: [] },
  'google.protobuf.Any': {},
  'google.protobuf.Empty': {},
}

/** Initial values of messages by their types alone, as examples of OpenAPI documents are: the same ones always. */
export class MessageExamples {
  private readonly making: DescMessage[] = []
  private left = MOST_MESSAGES

  /** Of a whole message: `create(schema, init)` takes it. */
  static of(schema: DescMessage): unknown {
    return schema.typeName === 'google.protobuf.Struct'
      ? { fields: { key: { kind: { case: 'stringValue', value: 'text' } } } }
      : new MessageExamples().message(schema)
  }

  private message(schema: DescMessage): unknown {
    const known = WELL_KNOWN[schema.typeName]
    if (known !== undefined) return known
    this.making.push(schema)
    this.left -= 1
    const init: Record<string, unknown> = {}
    for (const member of schema.members) {
      if (member.kind === 'field') {
        const value = this.field(member)
        if (value !== undefined) init[member.localName] = value
        continue
      }
      // The first that ends: one of a tree may be a leaf.
      for (const field of member.fields) {
        const value = this.field(field)
        if (value === undefined) continue
        init[member.localName] = { case: field.localName, value }
        break
      }
    }
    this.making.pop()
    return init
  }

  /** Undefined: left out. */
  private field(field: DescField): unknown {
    if (field.fieldKind === 'list') {
      const one = this.one(field.listKind, field.scalar, field.enum, field.message)
      return one === undefined ? undefined : [one]
    }
    if (field.fieldKind === 'map') {
      const one = this.one(field.mapKind, field.scalar, field.enum, field.message)
      const key = field.mapKey === ScalarType.STRING ? 'key' : field.mapKey === ScalarType.BOOL ? 'true' : '1'
      return one === undefined ? undefined : { [key]: one }
    }
    const value = this.one(field.fieldKind, field.scalar, field.enum, field.message)
    // Alone it is its value, elsewhere a message.
    if (field.fieldKind === 'message' && field.oneof === undefined && isWrapperDesc(field.message))
      return value === undefined ? undefined : (value as { readonly value: unknown }).value
    return typeof value === 'bigint' && field.fieldKind === 'scalar' && field.longAsString
      ? String(value)
      : value
  }

  private one(
    kind: 'scalar' | 'enum' | 'message',
    scalar: ScalarType | undefined,
    of: DescEnum | undefined,
    schema: DescMessage | undefined,
  ): unknown {
    if (kind === 'scalar') return scalarOf(scalar!)
    if (kind === 'enum') return (of!.values.find(({ number }) => number !== 0) ?? of!.values[0]!).number
    if (schema!.typeName === 'google.protobuf.Struct') return { key: 'text' }
    const isEnd = this.making.includes(schema!) || this.making.length >= DEEPEST || this.left <= 0
    if (isEnd) return undefined
    return create(schema!, this.message(schema!) as never)
  }
}

function scalarOf(type: ScalarType): unknown {
  switch (type) {
    case ScalarType.STRING:
      return 'text'
    case ScalarType.BOOL:
      return true
    case ScalarType.BYTES:
      return new TextEncoder().encode('example')
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return 0.5
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return 1n
    default:
      return 1
  }
}
