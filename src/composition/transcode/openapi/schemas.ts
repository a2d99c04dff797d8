import { ScalarType, type DescEnum, type DescField, type DescMessage } from '@bufbuild/protobuf'
import { HTTP_BODY } from '../rest/request-message.ts'

export type Json = Readonly<Record<string, unknown>>

const text = (format?: string): Json => ({ type: 'string', ...(format !== undefined && { format }) })
/** Also as text: JSON of numbers of 64 bits loses digits (ProtoJSON). */
const long = (format: string): Json => text(format)
const float = (format: string): Json => ({
  oneOf: [{ type: 'number', format }, { enum: ['NaN', 'Infinity', '-Infinity'] }],
})

const scalars: Readonly<Record<ScalarType, Json>> = {
  [ScalarType.DOUBLE]: float('double'),
  [ScalarType.FLOAT]: float('float'),
  [ScalarType.INT64]: long('int64'),
  [ScalarType.UINT64]: long('uint64'),
  [ScalarType.SINT64]: long('int64'),
  [ScalarType.FIXED64]: long('uint64'),
  [ScalarType.SFIXED64]: long('int64'),
  [ScalarType.INT32]: { type: 'integer', format: 'int32' },
  [ScalarType.SINT32]: { type: 'integer', format: 'int32' },
  [ScalarType.SFIXED32]: { type: 'integer', format: 'int32' },
  [ScalarType.UINT32]: { type: 'integer', minimum: 0 },
  [ScalarType.FIXED32]: { type: 'integer', minimum: 0 },
  [ScalarType.BOOL]: { type: 'boolean' },
  [ScalarType.STRING]: text(),
  [ScalarType.BYTES]: { type: 'string', contentEncoding: 'base64' },
}

/** Messages whose JSON is not an object of their fields. */
const wellKnown: Readonly<Record<string, Json>> = {
  Timestamp: text('date-time'),
  Duration: { type: 'string', pattern: '^-?[0-9]+(\\.[0-9]+)?s$' },
  FieldMask: text(),
  Struct: { type: 'object' },
  Value: {},
  ListValue: { type: 'array', items: {} },
  Any: { type: 'object', properties: { '@type': text() }, required: ['@type'] },
  Empty: { type: 'object' },
}

/** What of JsonSettings is to be seen in a document. */
export interface DocumentedJson {
  readonly protoNames: boolean
  readonly enumsAsIntegers: boolean
}

/** Schemas of messages as their JSON is, those of the components of a document among them. */
export class MessageSchemas {
  private readonly components: Record<string, unknown>
  private readonly json: DocumentedJson

  constructor(components: Record<string, unknown>, json: DocumentedJson) {
    this.components = components
    this.json = json
  }

  of(message: DescMessage): Json {
    const { typeName } = message
    if (typeName === HTTP_BODY) return {}
    if (typeName.startsWith('google.protobuf.')) return this.google(message)
    if (this.components[typeName] === undefined) {
      // Before its fields, one of which may be of the same type.
      const schema: Record<string, unknown> = { type: 'object' }
      this.components[typeName] = schema
      schema['properties'] = Object.fromEntries(
        message.fields.map(field => [this.nameOf(field), this.field(field)]),
      )
    }
    return { $ref: `#/components/schemas/${typeName}` }
  }

  field(field: DescField): Json {
    switch (field.fieldKind) {
      case 'scalar':
        return scalars[field.scalar]
      case 'enum':
        return this.enumeration(field.enum)
      case 'message':
        return this.of(field.message)
      case 'list':
        return { type: 'array', items: this.item(field) }
      case 'map':
        return { type: 'object', additionalProperties: this.item(field) }
    }
  }

  nameOf(field: DescField): string {
    return this.json.protoNames ? field.name : field.jsonName
  }

  private item(field: DescField & { readonly fieldKind: 'list' | 'map' }): Json {
    if (field.message !== undefined) return this.of(field.message)
    return field.enum === undefined ? scalars[field.scalar!] : this.enumeration(field.enum)
  }

  private enumeration({ values, typeName }: DescEnum): Json {
    if (typeName === 'google.protobuf.NullValue') return { type: 'null' }
    return this.json.enumsAsIntegers
      ? // Two names may have one number.
        { type: 'integer', enum: [...new Set(values.map(({ number }) => number))] }
      : { type: 'string', enum: values.map(({ name }) => name) }
  }

  private google({ typeName, fields }: DescMessage): Json {
    const known = wellKnown[typeName.slice('google.protobuf.'.length)]
    // What is left are the wrappers, whose one field is what they are.
    return known ?? { anyOf: [this.field(fields[0]!), { type: 'null' }] }
  }
}
